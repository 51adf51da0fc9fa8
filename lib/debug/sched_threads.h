// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. What the scheduler says of each thread, and how far that moved on.
#ifndef CPROF_DEBUG_SCHED_THREADS_H
#define CPROF_DEBUG_SCHED_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kind/task_info.h"

struct cp_sched_thread {
	int tid;
	int cpu;     // that it ran on last; -1: not known
	char state;  // as in /proc/TID/stat
	bool is_own; // of the profiler
	struct cp_task_times times; // since the thread began
	struct cp_task_times step;  // since the last reading
};

/** Zero it to start. */
struct cp_sched_threads {
	struct cp_sched_thread *list;
	size_t count, list_cap_bytes;
	struct cp_sched_thread *before; // the reading before
	size_t nbefore, before_cap_bytes;
	size_t nmatched; // of those before, how many were met or passed
	int error;
};

/** 0 or a negative errno. A kernel without schedstat leaves the times 0. */
int cp_sched_threads_read(struct cp_sched_threads *t);

#endif
