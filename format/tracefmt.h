// SPDX-License-Identifier: MIT
// The execution trace: the file's form, and its reader. Pure: no I/O, no malloc, no globals. tracewrite.h writes.
//
//   file    header chunk*
//   header  "cproftrc"  version:u32  0:u32                                                  little-endian
//   chunk   magic:u32 kind:u16 0:u16 nbytes:u32 tid:u32 base_ns:u64 span_ns:u64 span_ticks:u64  payload[nbytes]
//
// A chunk can be read without the others, so a file that was cut loses the last one alone, and the chunks of a
// ring buffer are a file. Chunks come in any order but for one promise: where a file was written to its end,
// all that is referred to is somewhere in it. A table entry with an id that was there before replaces it.
//
// Times are CLOCK_MONOTONIC. Events count in ticks of whatever counter is cheap; a chunk says how many ticks
// span how many nanoseconds, so the reader hands out nanoseconds and knows no clock. In a chunk, and from one
// chunk of a thread to its next, time does not go back.
//
//   event   kind:u8  ticks since the event before:varint  argument:varint*  [length:varint text]
//
// Which arguments an event has, and whether it has a text, is in struct trace_event.
#ifndef CPROF_FORMAT_TRACEFMT_H
#define CPROF_FORMAT_TRACEFMT_H

#include "pb.h"

enum { TRACE_VERSION = 2, TRACE_HEADER_BYTES = 16, TRACE_CHUNK_HEADER_BYTES = 40, TRACE_MAX_ARGS = 4 };

/** What a chunk's payload is. Ids are dense, from 1; 0 is none (as a string: ""). */
enum trace_chunk_kind {
	TRACE_CHUNK_EVENTS = 1,    // of thread tid; tid 0: of the process
	TRACE_CHUNK_STRINGS = 2,   // struct trace_string*
	TRACE_CHUNK_STACKS = 3,    // struct trace_stack*
	TRACE_CHUNK_LOCATIONS = 4, // struct trace_location*
	TRACE_CHUNK_MAPPINGS = 5,  // struct trace_mapping*
	TRACE_CHUNK_PROCESS = 6,   // one struct trace_process
	TRACE_CHUNK_END = 7,       // one struct trace_end; none: the process was killed while tracing
};

/// Events

/** What a thread waits for. Up to 15: another thread's doing; from 16: a system call. */
enum trace_wait {
	TRACE_WAIT_OTHER = 0,
	TRACE_WAIT_MUTEX = 1,
	TRACE_WAIT_RWLOCK_READ = 2,
	TRACE_WAIT_RWLOCK_WRITE = 3,
	TRACE_WAIT_SPIN = 4,
	TRACE_WAIT_COND = 5, // until the mutex is held again
	TRACE_WAIT_SEM = 6,
	TRACE_WAIT_BARRIER = 7,
	TRACE_WAIT_JOIN = 8,
	TRACE_WAIT_FUTEX = 9,   // one that no function of libc's stands for
	TRACE_WAIT_SYSCALL = 16, // one of no kind below
	TRACE_WAIT_READ = 17,
	TRACE_WAIT_WRITE = 18,
	TRACE_WAIT_FSYNC = 19,
	TRACE_WAIT_SLEEP = 20,
	TRACE_WAIT_POLL = 21, // poll, ppoll
	TRACE_WAIT_EPOLL = 22,
	TRACE_WAIT_SELECT = 23,
	TRACE_WAIT_ACCEPT = 24,
	TRACE_WAIT_CONNECT = 25,
	TRACE_WAIT_RECV = 26,
	TRACE_WAIT_SEND = 27,
	TRACE_WAIT_CHILD = 28, // wait, waitpid
	TRACE_WAIT_LOCK_FILE = 29, // flock, lockf
};

/** As `go tool trace` sorts waits: its sync, syscall and net profiles. */
enum trace_wait_class { TRACE_CLASS_SYNC, TRACE_CLASS_SYSCALL, TRACE_CLASS_NETWORK };

/** "mutex", "epoll_wait", ...; never NULL. */
const char *trace_wait_name(uint64_t wait);
enum trace_wait_class trace_wait_class(uint64_t wait);

/** Numbers in the file. */
enum trace_event_kind {
	TRACE_THREAD_START = 1,
	TRACE_THREAD_STOP = 2,
	TRACE_THREAD_NAME = 3,
	TRACE_THREAD_TIMES = 4,
	TRACE_WAIT_BEGIN = 5,
	TRACE_WAIT_END = 6,
	TRACE_WAKE = 7,
	TRACE_CPU_SAMPLE = 8,
	TRACE_COUNTER = 9,
	TRACE_TASK_BEGIN = 10,
	TRACE_TASK_END = 11,
	TRACE_REGION_BEGIN = 12,
	TRACE_REGION_END = 13,
	TRACE_LOG = 14,
	TRACE_LOST = 15,
	TRACE_EVENT_KINDS,
};

/**
 * One event. What happened to a thread before the trace began is not in it: an END may have no BEGIN, a BEGIN
 * no END, a thread no START. `stack`, `type`, `name`, `category` are ids of tables.
 */
struct trace_event {
	enum trace_event_kind kind;
	uint32_t tid; // whose event it is; 0: the process's
	uint64_t time_ns;
	const char *text; // not NUL-terminated; of THREAD_STOP, THREAD_NAME, LOG
	size_t text_bytes;
	union {
		uint64_t args[TRACE_MAX_ARGS]; // those of the kind, in their order
		/** The first thing a thread does. creator_tid: who made it; stack: where; 0: not known. */
		struct {
			uint64_t creator_tid, start_address, stack;
		} thread_start;
		/** The last thing it does. Its thread id may be another thread's later. cpu_ns: how long it ran in all;
		 *  text: its name then. */
		struct {
			uint64_t cpu_ns;
		} thread_stop;
		/** text: the name of thread of_tid at this time. An event of the process. */
		struct {
			uint64_t of_tid;
		} thread_name;
		/** Since thread of_tid began: how long it ran, and how long it was ready and had no CPU. An event of
		 *  the process; at the beginning and the end of a trace, and now and then between them. */
		struct {
			uint64_t of_tid, cpu_ns, runqueue_ns;
		} thread_times;
		/** Waits begin. wait: enum trace_wait; object: the lock's address, the descriptor, or 0. */
		struct {
			uint64_t wait, object, stack;
		} wait_begin;
		/** waker_tid: whose WAKE of the same object let it go on, 0: not known. is_given_up: the time limit
		 *  passed, a signal came, or it failed. */
		struct {
			uint64_t waker_tid, is_given_up;
		} wait_end;
		/** Others wait for `object`, and this thread releases, signals or posts it. */
		struct {
			uint64_t wait, object, stack;
		} wake;
		/** cpu_ns: what the sample stands for. */
		struct {
			uint64_t cpu_ns, stack;
		} cpu_sample;
		/** A number that changes with time, such as "heap_inuse_bytes"; value is an int64_t. */
		struct {
			uint64_t name, value;
		} counter;
		/** Tasks span threads; parent 0: none. */
		struct {
			uint64_t task, parent, type;
		} task_begin;
		struct {
			uint64_t task;
		} task_end;
		/** Regions of a thread nest; task 0: of none. */
		struct {
			uint64_t task, type;
		} region_begin;
		struct {
			uint64_t task, type;
		} region_end;
		/** text: the message. */
		struct {
			uint64_t task, category;
		} log;
		/** So many events of this thread before this one could not be kept. */
		struct {
			uint64_t count;
		} lost;
	};
};

/** How many arguments an event has; -1: there is no such kind. */
int trace_event_nargs(unsigned kind);
bool trace_event_has_text(unsigned kind);

/// Tables

struct trace_string {
	uint64_t id;
	const char *text; // not NUL-terminated
	size_t text_bytes;
};

/** A stack, and the labels its thread had: its locations, the leaf first, by trace_next_stack_location(), and pairs of
 *  strings by trace_next_stack_label(). */
struct trace_stack {
	uint64_t id;
	uint64_t nlabels, nlocations;
	struct pb_reader labels, locations; // what is left of them
};

/** Instead of a location's id: the rest is an address in the process that nobody looked up. */
#define TRACE_RAW_ADDRESS (1ull << 63)

/** A place in the code. The address is the process's, and of a caller inside its call. */
struct trace_location {
	uint64_t id;
	uint64_t mapping;
	uint64_t address;
	uint64_t function; // a string; 0: not known
};

struct trace_mapping {
	uint64_t id;
	uint64_t start, limit, file_offset;
	uint64_t path, build_id; // strings; the id in hex
};

struct trace_process {
	uint64_t pid;
	uint64_t realtime_ns; // CLOCK_REALTIME at the chunk's base_ns
	uint64_t ncpus;
	uint64_t program; // a string: its path
};

struct trace_end {
	uint64_t signal; // that ended the process, 0: it was stopped
	uint64_t lost_events, lost_samples, lost_stacks;
};

/// Reading: bytes in, events out. The bytes may be anybody's.

struct trace_reader {
	struct pb_reader in;
	bool is_cut; // the file ends within a chunk, or goes on with something else
};

struct trace_chunk {
	enum trace_chunk_kind kind;
	uint32_t tid;
	uint64_t base_ns, span_ns, span_ticks;
	struct pb_reader payload;
	bool is_damaged; // the payload is not what it should be; what came before is good
	uint64_t ticks;  // private: of the last event
};

/** False: this is no trace, or one of another version. */
bool trace_open(struct trace_reader *r, const uint8_t *bytes, size_t nbytes);

/** The next chunk; those of unknown kinds are passed over. False: there is none, see is_cut. */
bool trace_next_chunk(struct trace_reader *r, struct trace_chunk *chunk_out);

/** The next record of a chunk of that kind. False: there is none, see is_damaged. */
bool trace_next_event(struct trace_chunk *c, struct trace_event *event_out);
bool trace_next_string(struct trace_chunk *c, struct trace_string *string_out);
bool trace_next_stack(struct trace_chunk *c, struct trace_stack *stack_out);
bool trace_next_stack_location(struct trace_stack *stack, uint64_t *location_out);
bool trace_next_stack_label(struct trace_stack *stack, uint64_t *key_out, uint64_t *value_out);
bool trace_next_location(struct trace_chunk *c, struct trace_location *location_out);
bool trace_next_mapping(struct trace_chunk *c, struct trace_mapping *mapping_out);
bool trace_get_process(struct trace_chunk *c, struct trace_process *process_out);
bool trace_get_end(struct trace_chunk *c, struct trace_end *end_out);

#endif
