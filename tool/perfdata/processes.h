// SPDX-License-Identifier: MIT
// Who was running and what was mapped where, as the records tell it in the order of time. Private to
// tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_PROCESSES_H
#define CPROF_TOOL_PERFDATA_PROCESSES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/hashindex.h"
#include "base/str.h"
#include "tool/perfdata/address_space.h"
#include "tool/perfdata/file.h"

enum { KERNEL_PID = 0xffffffff, NO_MAPPING = 0xffffffff, NO_CFI_FILE = 0xffffffff };

struct address_range {
	uint64_t start, limit, offset;
	struct str file;
	struct str build_id; // hex digits
	uint32_t pid;        // whose it was first: children have it from there
	uint32_t mapping;    // of the profile, once used; NO_MAPPING before
	uint32_t cfi_file;   // of the unwind tables, likewise
	bool is_data;        // there is no code
};

struct process {
	uint32_t pid;
	struct address_node *space;
	struct str program; // of its last exec in the recording; empty: none
	bool is_exec;       // it has just been replaced: what it maps first is the program
};

struct thread {
	uint32_t tid;
	struct str name;
};

struct processes {
	struct arena *arena;
	struct process *processes;
	uint32_t nprocesses, processes_cap;
	struct hash_index by_pid;
	struct thread *threads;
	uint32_t nthreads, threads_cap;
	struct hash_index by_tid;
	struct address_nodes nodes;
	uint64_t nforgotten; // ranges beyond what is kept
};

/** p: zeroed. */
void processes_init(struct processes *p, struct arena *a);
void processes_deinit(struct processes *p);

/** Learns from a record of any kind. */
void processes_update(struct processes *p, const struct perf_record *r);

/** What is known without a record. Strings are kept by their pointers. */
void processes_map(struct processes *p, uint32_t pid, struct address_range range);
void processes_name_thread(struct processes *p, uint32_t tid, struct str name);

/** The range that has the address; NULL where none is known. */
struct address_range *process_range(struct processes *p, uint32_t pid, uint64_t address);

/** The file of the program it became, empty where it has become none. */
struct str process_program_since(const struct processes *p, uint32_t pid);

/** The thread's name; empty where it is not known. */
struct str thread_name(const struct processes *p, uint32_t tid);

#endif
