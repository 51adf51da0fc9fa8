// SPDX-License-Identifier: MIT
// Context: CTL. A thread that libc knows nothing of.
//
// From the second pthread_create() on libc takes its locks for good, malloc's at each call, and looks for cancellation
// around each system call: 0.8 % of nginx for a thread that only sleeps. The kernel asks nothing for it.
#ifndef CPROF_KIND_BARE_THREAD_H
#define CPROF_KIND_BARE_THREAD_H

#include <stddef.h>
#include <stdint.h>

struct cp_bare_thread {
	char *pages; // its stack, and what libc keeps of a thread
	size_t pages_bytes;
	_Atomic uint32_t is_alive; // until the kernel says otherwise; no futex of ours: it wakes shared ones
};

/**
 * run(arg) on a thread that shares all with this one. It may call what needs of libc nothing but errno, the locale and
 * memory it is given: no malloc, no stdio, no lock, no loader. Neither may another thread be there that libc knows.
 * 0 or a negative errno.
 */
int cp_bare_thread_start(struct cp_bare_thread *t, int (*run)(void *arg), void *arg);

/** Once run() is about to return. */
void cp_bare_thread_join(struct cp_bare_thread *t);

#endif
