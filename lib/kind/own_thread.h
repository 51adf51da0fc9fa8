// SPDX-License-Identifier: MIT
// Context: CTL. The profiler's own threads: named, with no signal of anybody's, never in a profile.
#ifndef CPROF_KIND_OWN_THREAD_H
#define CPROF_KIND_OWN_THREAD_H

#include <pthread.h>
#include <stdint.h>

/** A thread of ours; to be joined with pthread_join(). Zero it to start. */
struct cp_own_thread {
	pthread_t handle;
	const char *name; // 15 bytes at most
	void (*run)(void *arg);
	void *arg;
	_Atomic uint32_t has_begun; // a futex
};

/** 0 or a negative errno. When it returns the thread is known for ours. t must live until the thread is joined. */
int cp_own_thread_start(struct cp_own_thread *t);

void cp_own_thread_join(struct cp_own_thread *t);

#endif
