// SPDX-License-Identifier: MIT
// Threads that come to wait for locks, for the tests of deadlocks and of where locks were taken.
#ifndef CPROF_TESTS_STUCK_H
#define CPROF_TESTS_STUCK_H

#include <pthread.h>
#include <unistd.h>

#include "sink.h"
#include "tests/unit/unit.h"

static inline void start(void *(*fn)(void *), void *arg, pthread_t *t_out)
{
	ck_assert_int_eq(pthread_create(t_out, NULL, fn, arg), 0);
}

/** The text of the profile when it has found as many threads; the test's time limit ends it otherwise. */
static inline char *await_stuck(uint64_t n, int debug)
{
	while (cprof_profile_count(cprof_lookup("deadlock")) != n)
		usleep(2000);
	return profile_text(cprof_lookup("deadlock"), debug);
}

/** The text of the threads profile once as many threads wait for a lock that is held. */
static inline char *await_waits(const char *held, int n)
{
	for (;;) {
		char *text = profile_text(cprof_lookup("threads"), 2);
		if (text_count(text, held) == n)
			return text;
		free(text);
		usleep(2000);
	}
}

#endif
