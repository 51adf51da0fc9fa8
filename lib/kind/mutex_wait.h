// SPDX-License-Identifier: MIT
// Context: CTL. A thread that waits for a pthread mutex: for which, and who has it.
#ifndef CPROF_KIND_MUTEX_WAIT_H
#define CPROF_KIND_MUTEX_WAIT_H

#include "threads.h"

struct cp_mutex_wait {
	uintptr_t mutex;
	int owner_tid;      // 0: nobody, just now
	bool is_owner_gone; // no thread of this process has that id
};

/** False: t does not wait for a mutex, or it cannot be told. s, with t in it, was taken with details. */
bool cp_mutex_wait_of(
		const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, struct cp_mutex_wait *wait_out);

/** The id of the thread that holds it; 0: nobody, or it cannot be read. */
int cp_mutex_owner(uintptr_t mutex);

#endif
