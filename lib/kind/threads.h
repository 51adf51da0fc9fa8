// SPDX-License-Identifier: MIT
// Context: CTL. All threads of the process, now: Go's goroutine profile.
#ifndef CPROF_KIND_THREADS_H
#define CPROF_KIND_THREADS_H

#include <cprof/pprof.h>

#include "task_info.h"

/** Why a thread has no stack. */
enum cp_thread_excuse {
	CP_EXCUSE_NONE,
	CP_EXCUSE_BLOCKS_SIGNAL,
	CP_EXCUSE_IN_KERNEL, // uninterruptible, stopped, or traced
	CP_EXCUSE_NO_SIGNAL, // none may be sent: RLIMIT_SIGPENDING, or exec
	CP_EXCUSE_NO_ANSWER,
};

struct cp_regs;

struct cp_thread_seen {
	int tid;
	bool is_caller;
	bool is_gone; // it ended while it was looked at
	bool is_stuck; // see deadlock.h
	bool was_asked; // by a signal
	enum cp_thread_excuse excuse;
	struct cp_task_status status;
	struct cp_task_syscall call; // with details
	uint64_t waits_ns;           // with details: since it ran last; 0: not known
	uint32_t epoch, labels_id;
	const struct cp_stack *created_at; // NULL: not known
	uint32_t npcs;
	size_t pcs; // index of its first in snapshot's pcs
};

/** Zero it to start. */
struct cp_threads_snapshot {
	struct cp_thread_seen *threads;
	size_t nthreads, threads_cap_bytes;
	uintptr_t *pcs;
	size_t npcs, pcs_cap_bytes;
	const struct cp_regs *caller; // where the calling thread's stack is, if it stands on another; NULL: here
	int error;
};

enum {
	CP_THREADS_DETAILS = 1,
	CP_THREADS_NO_SIGNALS = 2, // the stacks of those that sleep, as far as they can be read
	CP_THREADS_OFTEN = 4,      // many times a second: waits less for answers, and the caller keeps the module map
};

/** As cp_cpu_reserve_signal(): threads that block all signals before the first question let it through. */
int cp_threads_reserve_signal(void);

/** Callers take turns. 0 or a negative errno, -EBUSY where this has interrupted itself; free it in either case. */
int cp_threads_take(struct cp_threads_snapshot *s, unsigned how);
/** The same of the threads that are in s already: their tid, all else zero. */
int cp_threads_take_some(struct cp_threads_snapshot *s, unsigned how);
void cp_threads_free(struct cp_threads_snapshot *s);

/** The thread's stack, or the marker that says why there is none. */
const uintptr_t *cp_threads_stack(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t,
		uint32_t *npcs_out);

/** debug 0, 1: grouped by stack and labels; 2: a block a thread. */
int cp_threads_write(struct cprof_writer writer, int debug);

/** debug 0, for who has left its stack: the calling thread's is the one of `caller`. */
int cp_threads_write_from(const struct cp_regs *caller, struct cprof_writer writer);

/** The same of threads that wait for ever; see deadlock.h. */
int cp_threads_write_stuck(struct cprof_writer writer, int debug);
uint64_t cp_threads_count_stuck(void);

/** How many threads there are, ours not counted. */
uint64_t cp_threads_count(void);

#endif
