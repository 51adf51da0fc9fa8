// SPDX-License-Identifier: MIT
// Deadlocks are found, and nothing else is taken for one.
#include <cprof/pprof.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sink.h"
#include "tests/unit/unit.h"

enum { NCIRCLE = 3 };

static pthread_mutex_t circle[NCIRCLE] = {
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t orphan = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_hold_one;

static void start(void *(*fn)(void *), void *arg, pthread_t *t_out)
{
	ck_assert_int_eq(pthread_create(t_out, NULL, fn, arg), 0);
}

/** The text of the profile when it has found as many threads; the test's time limit ends it otherwise. */
static char *await_stuck(uint64_t n, int debug)
{
	while (cprof_profile_count(cprof_lookup("deadlock")) != n)
		usleep(2000);
	return profile_text(cprof_lookup("deadlock"), debug);
}

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
	int nblocks = 0;
	for (const char *at = text; (at = strstr(at, ", mutex held by thread ")); at++)
		nblocks++;
	ck_assert_int_eq(nblocks, NCIRCLE);
	ck_assert_ptr_nonnull(strstr(text, "\", deadlock"));
	ck_assert_ptr_null(strstr(text, "\nwait_outside+0x"));
	free(text);
	text = await_stuck(NCIRCLE, 1);
	ck_assert_ptr_nonnull(strstr(text, "deadlock profile: total 3\n3 @ 0x"));
	ck_assert_ptr_nonnull(strstr(text, "\ttake_two+0x"));
	free(text);
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

static atomic_bool is_over;

static void *lock_in_order(void *arg)
{
	while (!atomic_load(&is_over)) {
		pthread_mutex_lock(&circle[0]);
		pthread_mutex_lock(&circle[1]);
		pthread_mutex_unlock(&circle[1]);
		pthread_mutex_unlock(&circle[0]);
		pthread_mutex_lock(&circle[1]);
		pthread_mutex_unlock(&circle[1]);
	}
	return NULL;
}

START_TEST(contention_is_none)
{
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		start(lock_in_order, NULL, &t[i]);
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(cprof_profile_count(cprof_lookup("deadlock")), 0);
	atomic_store(&is_over, true);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}
END_TEST

UNIT_MAIN("deadlock", a_circle_is_found, a_mutex_whose_owner_ended_is_found,
		a_fork_child_waits_for_its_parents_thread, contention_is_none)
