// SPDX-License-Identifier: MIT
// Deadlocks are found, and nothing else is taken for one; those through rwlocks are in deadlock_rwlock_api.c.
#include <cprof/pprof.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stuck.h"

enum { NCIRCLE = 3 };

static pthread_mutex_t circle[NCIRCLE] = {
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t orphan = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_hold_one;

__attribute__((noinline)) static void *take_two(void *arg)
{
	size_t i = (size_t)arg;
	pthread_mutex_lock(&circle[i]);
	pthread_barrier_wait(&all_hold_one);
	pthread_mutex_lock(&circle[(i + 1) % NCIRCLE]);
	return NULL;
}

/** Waits for a thread of the circle, and is in none itself. */
static void *wait_outside(void *arg)
{
	pthread_mutex_lock(&circle[0]);
	return NULL;
}

START_TEST(a_circle_is_found)
{
	pthread_t t;
	pthread_barrier_init(&all_hold_one, NULL, NCIRCLE);
	char *text = profile_text(cprof_lookup("deadlock"), 1);
	ck_assert_str_eq(text, "deadlock profile: total 0\n");
	free(text);
	for (size_t i = 0; i < NCIRCLE; i++)
		start(take_two, (void *)i, &t);
	free(await_stuck(NCIRCLE, 1));
	start(wait_outside, NULL, &t);
	text = await_stuck(NCIRCLE, 2);
	ck_assert_int_eq(text_count(text, ", mutex held by thread "), NCIRCLE);
	ck_assert_ptr_nonnull(strstr(text, "\", deadlock"));
	ck_assert_ptr_null(strstr(text, "\nwait_outside+0x"));
	free(text);
	text = await_stuck(NCIRCLE, 1);
	ck_assert_ptr_nonnull(strstr(text, "deadlock profile: total 3\n3 @ 0x"));
	ck_assert_ptr_nonnull(strstr(text, "\ttake_two+0x"));
	free(text);
}
END_TEST

static atomic_bool is_over;

static void *ask_on(void *arg)
{
	while (!atomic_load(&is_over)) {
		ck_assert_uint_eq(cprof_profile_count(cprof_lookup("deadlock")), NCIRCLE);
		free(profile_text(cprof_lookup("deadlock"), 2));
	}
	return NULL;
}

/** Go's goroutineleak tests: what is found stays found, by all who ask, and the threads' profile is the same. */
START_TEST(requests_overlap)
{
	pthread_t t[4];
	pthread_barrier_init(&all_hold_one, NULL, NCIRCLE);
	for (size_t i = 0; i < NCIRCLE; i++)
		start(take_two, (void *)i, &t[0]);
	free(await_stuck(NCIRCLE, 1));
	for (int i = 0; i < 4; i++)
		start(ask_on, NULL, &t[i]);
	for (int i = 0; i < 50; i++) {
		char *text = profile_text(cprof_lookup("threads"), 2);
		ck_assert_int_eq(text_count(text, "\ntake_two+0x"), NCIRCLE);
		free(text);
	}
	atomic_store(&is_over, true);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}
END_TEST

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;

static pthread_t joined;

__attribute__((noinline)) static void *lock_then_join(void *arg)
{
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&all_hold_one);
	pthread_join(joined, NULL);
	return NULL;
}

__attribute__((noinline)) static void *lock_and_leave(void *arg)
{
	pthread_barrier_wait(&all_hold_one);
	pthread_mutex_lock(&first);
	return NULL;
}

/** Joins as well, and is in no circle. */
static void *join_outside(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	return NULL;
}

START_TEST(a_circle_through_a_join_is_found)
{
	pthread_t t, outside;
	pthread_barrier_init(&all_hold_one, NULL, 2);
	start(lock_and_leave, NULL, &joined);
	start(lock_then_join, NULL, &t);
	start(join_outside, &t, &outside);
	free(await_waits(", end of thread ", 2));
	char *text = await_stuck(2, 2);
	ck_assert_ptr_nonnull(strstr(text, "\nlock_then_join+0x"));
	ck_assert_ptr_nonnull(strstr(text, "\nlock_and_leave+0x"));
	free(text);
}
END_TEST

static pthread_mutex_t robust;

__attribute__((noinline)) static void *take_robust_last(void *arg)
{
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&all_hold_one);
	pthread_mutex_lock(&robust);
	return NULL;
}

__attribute__((noinline)) static void *take_robust_first(void *arg)
{
	pthread_mutex_lock(&robust);
	pthread_barrier_wait(&all_hold_one);
	pthread_mutex_lock(&first);
	return NULL;
}

/** It is waited for in a function of libc's that has no name. */
START_TEST(a_circle_through_a_robust_mutex_is_found)
{
	pthread_mutexattr_t attr;
	pthread_t t;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	pthread_barrier_init(&all_hold_one, NULL, 2);
	start(take_robust_last, NULL, &t);
	start(take_robust_first, NULL, &t);
	free(await_stuck(2, 1));
}
END_TEST

static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static atomic_bool waits;

__attribute__((noinline)) static void *lock_and_wait(void *arg)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
	atomic_store(&waits, true);
	pthread_cond_wait(&condition, &second);
	return NULL;
}

__attribute__((noinline)) static void *signal_and_lock(void *arg)
{
	while (!atomic_load(&waits))
		usleep(1000);
	pthread_mutex_lock(&second);
	pthread_cond_signal(&condition);
	pthread_mutex_lock(&first);
	return NULL;
}

/** pthread_cond_wait() cannot have its mutex again; and while it waits for the condition it is in none. */
START_TEST(a_circle_through_a_conditions_mutex_is_found)
{
	pthread_t t;
	start(lock_and_wait, NULL, &t);
	free(await_waits("\nlock_and_wait+0x", 1));
	ck_assert_uint_eq(cprof_profile_count(cprof_lookup("deadlock")), 0);
	start(signal_and_lock, NULL, &t);
	free(await_stuck(2, 1));
}
END_TEST

static void *lock_and_end(void *arg)
{
	pthread_mutex_lock(&orphan);
	return NULL;
}

static void *wait_for_orphan(void *arg)
{
	pthread_mutex_lock(&orphan);
	return NULL;
}

START_TEST(a_mutex_whose_owner_ended_is_found)
{
	pthread_t t;
	start(lock_and_end, NULL, &t);
	pthread_join(t, NULL);
	start(wait_for_orphan, NULL, &t);
	char *text = await_stuck(1, 2);
	ck_assert_ptr_nonnull(strstr(text, ", which has ended, deadlock"));
	ck_assert_ptr_nonnull(strstr(text, "\nwait_for_orphan+0x"));
	free(text);
}
END_TEST

START_TEST(a_fork_child_waits_for_its_parents_thread)
{
	pthread_t t;
	pthread_barrier_init(&all_hold_one, NULL, NCIRCLE);
	start(take_two, (void *)0, &t); // holds circle[0], and waits for others at the barrier
	while (pthread_mutex_trylock(&circle[0]) == 0) {
		pthread_mutex_unlock(&circle[0]);
		usleep(1000);
	}
	pid_t pid = fork();
	if (pid == 0) {
		start(wait_outside, NULL, &t);
		free(await_stuck(1, 2));
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void *lock_in_order(void *arg)
{
	while (!atomic_load(&is_over)) {
		pthread_mutex_lock(&circle[0]);
		pthread_mutex_lock(&circle[1]);
		pthread_mutex_unlock(&circle[1]);
		pthread_mutex_unlock(&circle[0]);
		pthread_mutex_lock(&circle[1]);
		pthread_rwlock_wrlock(&rwlock);
		pthread_rwlock_unlock(&rwlock);
		pthread_mutex_unlock(&circle[1]);
		pthread_rwlock_rdlock(&rwlock);
		pthread_rwlock_unlock(&rwlock);
	}
	return NULL;
}

START_TEST(contention_is_none)
{
	pthread_t t[4];
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	for (int i = 0; i < 4; i++)
		start(lock_in_order, NULL, &t[i]);
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(cprof_profile_count(cprof_lookup("deadlock")), 0);
	atomic_store(&is_over, true);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}
END_TEST

UNIT_MAIN("deadlock", a_circle_is_found, requests_overlap, a_circle_through_a_join_is_found,
		a_circle_through_a_robust_mutex_is_found, a_circle_through_a_conditions_mutex_is_found,
		a_mutex_whose_owner_ended_is_found, a_fork_child_waits_for_its_parents_thread, contention_is_none)
