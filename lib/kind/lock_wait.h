// SPDX-License-Identifier: MIT
// Context: CTL. A thread that waits for a pthread mutex or read-write lock: who has it. And one that waits for
// another to end.
#ifndef CPROF_KIND_LOCK_WAIT_H
#define CPROF_KIND_LOCK_WAIT_H

#include "threads.h"

struct cp_lock_wait {
	bool is_rwlock, is_join;
	// Of a join, who is to end; of a read-write lock, its writer. 0: nobody, just now, or readers, whom it does not
	// know.
	int owner_tid;
	bool is_owner_gone; // no thread of this process has that id
	uintptr_t rwlock; // one that no writer has; else 0
	uint32_t nreads;  // of a thread that waits to write: how often it is held to read
	bool is_behind_writer; // of one that waits to read: others wait to write, and go first
};

/** False: t does not wait for a lock, or it cannot be told. s, with t in it, was taken with details. */
bool cp_lock_wait_of(
		const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, struct cp_lock_wait *wait_out);

/** The id of the thread that holds the mutex; 0: nobody, or it cannot be read. */
int cp_mutex_owner(uintptr_t mutex);

#endif
