// SPDX-License-Identifier: MIT
// Which locks a thread holds is told, and where it took them: by every function that takes one.
#include <cprof/pprof.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <threads.h>
#include <unistd.h>

#include "stuck.h"

static pthread_mutex_t orphan = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_hold_one;
static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) static void take_first(void)
{
	pthread_mutex_lock(&first);
	__asm__ volatile("");
}

__attribute__((noinline)) static void take_second(void)
{
	pthread_mutex_lock(&second);
	__asm__ volatile("");
}

__attribute__((noinline)) static void *first_then_second(void *arg)
{
	take_first();
	pthread_barrier_wait(&all_hold_one);
	take_second();
	return NULL;
}

__attribute__((noinline)) static void *second_then_first(void *arg)
{
	take_second();
	pthread_barrier_wait(&all_hold_one);
	take_first();
	return NULL;
}

/** The block of the thread with `root` in its stack waits in `waits_in`, and holds what `took` has taken. */
static void ck_holds(const char *text, const char *root, const char *waits_in, const void *held, const char *took)
{
	char taken[128];
	snprintf(taken, sizeof(taken), "holds mutex 0x%lx, taken by %s+0x", (unsigned long)held, took);
	const char *in_stack = strstr(text, root), *end = in_stack ? strstr(in_stack, "\n\n") : NULL;
	ck_assert_ptr_nonnull(end);
	const char *start = in_stack;
	while (start > text && strncmp(start, "\n\n", 2) != 0)
		start--;
	const char *waits = strstr(start, waits_in), *holds = strstr(start, taken);
	ck_assert(waits && waits < in_stack);
	ck_assert(holds && holds > in_stack && holds < end);
	const char *caller = strstr(holds, root); // the whole stack that took it
	ck_assert(caller && caller < end);
}

START_TEST(where_locks_were_taken_is_told)
{
	pthread_t t;
	pthread_barrier_init(&all_hold_one, NULL, 2);
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	pthread_mutex_lock(&orphan);
	pthread_mutex_unlock(&orphan);
	start(first_then_second, NULL, &t);
	start(second_then_first, NULL, &t);
	char *text = await_stuck(2, 2);
	ck_holds(text, "first_then_second+0x", "take_second+0x", &first, "take_first");
	ck_holds(text, "second_then_first+0x", "take_first+0x", &second, "take_second");
	free(text);
	text = profile_text(cprof_lookup("threads"), 2);
	const char *holds = text;
	for (int i = 0; i < 2; i++)
		ck_assert_ptr_nonnull(holds = strstr(holds + 1, "\nholds mutex 0x"));
	ck_assert_ptr_null(strstr(holds + 1, "\nholds mutex 0x")); // the orphan was released
	free(text);
	ck_assert_int_eq(cprof_set_lock_sites(false), 0);
	pthread_mutex_lock(&orphan);
	char ours[64];
	snprintf(ours, sizeof(ours), "holds mutex 0x%lx", (unsigned long)&orphan);
	text = profile_text(cprof_lookup("threads"), 2);
	ck_assert_ptr_null(strstr(text, ours));
	free(text);
	pthread_mutex_unlock(&orphan);
}
END_TEST

__attribute__((noinline)) static void *end_holding(void *arg)
{
	pthread_mutex_lock(arg);
	__asm__ volatile("");
	return NULL;
}

__attribute__((noinline)) static void *wait_for_ever(void *arg)
{
	pthread_mutex_lock(arg);
	__asm__ volatile("");
	return NULL;
}

START_TEST(where_who_has_ended_took_it_is_told)
{
	pthread_t t;
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	start(end_holding, &orphan, &t);
	pthread_join(t, NULL);
	start(wait_for_ever, &orphan, &t);
	char *text = await_stuck(1, 2), expected[128];
	const char *waits = strstr(text, "\nwait_for_ever+0x"), *ended = strstr(text, "\nthread ");
	snprintf(expected, sizeof(expected), " ended and held mutex 0x%lx, taken by end_holding+0x",
			(unsigned long)&orphan);
	ck_assert(waits && ended && ended > waits);
	ck_assert_ptr_nonnull(strstr(ended, expected));
	free(text);
}
END_TEST

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER, other_rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t never_signaled = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t of_cond = PTHREAD_MUTEX_INITIALIZER;
static mtx_t c11;

enum function {
	TIMEDLOCK, CLOCKLOCK, TRYLOCK,
	MTX_TIMEDLOCK, MTX_TRYLOCK,
	RDLOCK, TIMEDRDLOCK, CLOCKRDLOCK, TRYRDLOCK,
	WRLOCK, TIMEDWRLOCK, CLOCKWRLOCK, TRYWRLOCK,
	NFUNCTIONS,
};

__attribute__((noinline)) static void take_by_every_function(enum function function)
{
	struct timespec until = {.tv_sec = INT32_MAX};
	int rc = 0;
	switch (function) {
	case TIMEDLOCK:
		rc = pthread_mutex_timedlock(&first, &until);
		break;
	case CLOCKLOCK:
		rc = pthread_mutex_clocklock(&first, CLOCK_MONOTONIC, &until);
		break;
	case TRYLOCK:
		rc = pthread_mutex_trylock(&first);
		break;
	case MTX_TIMEDLOCK:
		rc = mtx_timedlock(&c11, &until);
		break;
	case MTX_TRYLOCK:
		rc = mtx_trylock(&c11);
		break;
	case RDLOCK:
		rc = pthread_rwlock_rdlock(&rwlock);
		break;
	case TIMEDRDLOCK:
		rc = pthread_rwlock_timedrdlock(&rwlock, &until);
		break;
	case CLOCKRDLOCK:
		rc = pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &until);
		break;
	case TRYRDLOCK:
		rc = pthread_rwlock_tryrdlock(&rwlock);
		break;
	case WRLOCK:
		rc = pthread_rwlock_wrlock(&rwlock);
		break;
	case TIMEDWRLOCK:
		rc = pthread_rwlock_timedwrlock(&rwlock, &until);
		break;
	case CLOCKWRLOCK:
		rc = pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &until);
		break;
	case TRYWRLOCK:
		rc = pthread_rwlock_trywrlock(&rwlock);
		break;
	case NFUNCTIONS:
		break;
	}
	ck_assert_int_eq(rc, 0);
}

/** Whether the dump says that this thread holds it, and where it was taken. how: NULL of a mutex. */
static void ck_line(const void *lock, const char *how, bool is_held)
{
	char line[128];
	char *text = profile_text(cprof_lookup("threads"), 2);
	snprintf(line, sizeof(line), "\nholds %s 0x%lx%s, taken by take_by_every_function+0x", how ? "rwlock" : "mutex",
			(unsigned long)lock, how ? how : "");
	if ((strstr(text, line) != NULL) != is_held)
		ck_abort_msg("%s: %d\n%s", line, is_held, text);
	free(text);
}

/** rate: of the block profile, with which waits go another way. */
static void ck_every_function(int rate)
{
	ck_assert_int_eq(cprof_set_block_profile_rate(rate), 0);
	for (enum function f = 0; f < NFUNCTIONS; f++) {
		const char *how = f < RDLOCK ? NULL : f < WRLOCK ? " to read" : " to write";
		const void *lock = f < MTX_TIMEDLOCK ? (void *)&first : f < RDLOCK ? (void *)&c11 : (void *)&rwlock;
		take_by_every_function(f);
		ck_line(lock, how, true);
		if (f < MTX_TIMEDLOCK)
			pthread_mutex_unlock(&first);
		else if (f < RDLOCK)
			mtx_unlock(&c11);
		else
			pthread_rwlock_unlock(&rwlock);
		ck_line(lock, how, false);
	}
}

START_TEST(every_function_that_takes_a_lock_is_noted)
{
	mtx_init(&c11, mtx_timed);
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	ck_every_function(0);
	ck_every_function(1);
}
END_TEST

START_TEST(a_lock_read_twice_is_held_until_it_was_released_twice)
{
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	take_by_every_function(RDLOCK);
	pthread_rwlock_rdlock(&other_rwlock);
	pthread_rwlock_rdlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
	ck_line(&rwlock, " to read", true);
	pthread_rwlock_unlock(&rwlock);
	ck_line(&rwlock, " to read", false);
	pthread_rwlock_unlock(&other_rwlock);
}
END_TEST

static void *wait_for_cond(void *arg)
{
	pthread_mutex_lock(&of_cond);
	*(atomic_bool *)arg = true;
	pthread_cond_wait(&never_signaled, &of_cond);
	return NULL;
}

START_TEST(a_mutex_given_up_for_a_condition_is_not_held)
{
	pthread_t t;
	atomic_bool is_held = false;
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	start(wait_for_cond, &is_held, &t);
	while (!atomic_load(&is_held))
		usleep(1000);
	pthread_mutex_lock(&of_cond); // free again: it waits
	pthread_mutex_unlock(&of_cond);
	char *text = profile_text(cprof_lookup("threads"), 2);
	ck_assert_ptr_nonnull(strstr(text, "\nwait_for_cond+0x"));
	ck_assert_ptr_null(strstr(text, "\nholds mutex"));
	free(text);
}
END_TEST

UNIT_MAIN("lock sites", where_locks_were_taken_is_told, where_who_has_ended_took_it_is_told,
		every_function_that_takes_a_lock_is_noted,
		a_lock_read_twice_is_held_until_it_was_released_twice, a_mutex_given_up_for_a_condition_is_not_held)
