// SPDX-License-Identifier: MIT
// A thread that waits, and one that lets it. The waiter measures around its wait, the other from when it saw
// the waiter asleep until it let it go: the true time is between the two, however loaded the machine is.
#ifndef CPROF_TESTS_LOCKS_WAITING_H
#define CPROF_TESTS_LOCKS_WAITING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HOLD_US = 20000 };

static inline uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/** "function most least": bounds of what it waited. */
static inline void report(const char *function, uint64_t most_ns, uint64_t least_ns)
{
	printf("%s %llu %llu\n", function, (unsigned long long)most_ns, (unsigned long long)least_ns);
}

static inline void await_asleep(int tid)
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	for (char state = 0; state != 'S'; usleep(200)) {
		FILE *f = fopen(path, "r");
		if (f && fgets(line, sizeof(line), f))
			state = strrchr(line, ')')[2];
		if (f)
			fclose(f);
	}
}

static _Atomic int waiter_tid;
static uint64_t least_ns; // the waiter has waited, when it may go on

/** A function that waits by `wait` (0: it got what it wanted), then gives back by `give`. */
#define WAITER(name, wait, give)                                        \
	static __attribute__((noinline)) void name(void)                \
	{                                                               \
		uint64_t start_ns = now_ns();                           \
		if ((wait) != 0)                                        \
			abort();                                        \
		report(#name, now_ns() - start_ns, least_ns);                    \
		(void)(give);                                           \
	}

static pthread_t waiter_thread;

static inline void *run_waiter(void *arg)
{
	void (*waiter)(void) = (void (*)(void))(uintptr_t)arg;
	atomic_store(&waiter_tid, gettid());
	waiter();
	return NULL;
}

/** Lets a thread that is to wait do so; on return it may go on. */
static inline void let_wait(int tid)
{
	await_asleep(tid);
	uint64_t start_ns = now_ns();
	usleep(HOLD_US);
	least_ns = now_ns() - start_ns;
}

/** Runs `waiter` on a thread of its own, which comes to wait for what the caller holds, or is to give. */
static inline void hold_against(void (*waiter)(void), int spins)
{
	least_ns = 0;
	atomic_store(&waiter_tid, 0);
	pthread_create(&waiter_thread, NULL, run_waiter, (void *)(uintptr_t)waiter);
	while (!atomic_load(&waiter_tid))
		usleep(100);
	if (spins)
		usleep(HOLD_US);
	else
		let_wait(atomic_load(&waiter_tid));
}

static inline void join_waiter(void)
{
	pthread_join(waiter_thread, NULL);
}

#endif
