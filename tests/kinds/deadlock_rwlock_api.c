// SPDX-License-Identifier: MIT
// Deadlocks through rwlocks: of who holds one to write libc has a note, of who holds it to read only we may have.
#include <cprof/pprof.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "stuck.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER, other_rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t all_hold_one;

__attribute__((noinline)) static void *write_then_read(void *arg)
{
	pthread_rwlock_wrlock(&rwlock);
	pthread_barrier_wait(&all_hold_one);
	pthread_rwlock_rdlock(&other_rwlock);
	return NULL;
}

__attribute__((noinline)) static void *write_then_lock(void *arg)
{
	pthread_rwlock_wrlock(&other_rwlock);
	pthread_barrier_wait(&all_hold_one);
	pthread_mutex_lock(&first);
	return NULL;
}

__attribute__((noinline)) static void *lock_then_write(void *arg)
{
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&all_hold_one);
	pthread_rwlock_wrlock(&rwlock);
	return NULL;
}

/** Wait with the circle's thread for what another has, and are in no circle. */
static void *write_outside(void *arg)
{
	pthread_rwlock_wrlock(&rwlock);
	return NULL;
}

static void *read_outside(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	return NULL;
}

START_TEST(a_circle_through_locks_held_to_write_is_found)
{
	pthread_t t;
	pthread_barrier_init(&all_hold_one, NULL, 3);
	start(write_then_read, NULL, &t);
	start(write_then_lock, NULL, &t);
	start(lock_then_write, NULL, &t);
	free(await_stuck(3, 1));
	start(write_outside, NULL, &t);
	start(read_outside, NULL, &t);
	free(await_waits(", rwlock held by thread ", 4));
	char *text = await_stuck(3, 2);
	ck_assert_ptr_nonnull(strstr(text, "\nwrite_then_read+0x"));
	ck_assert_ptr_nonnull(strstr(text, "\nwrite_then_lock+0x"));
	ck_assert_ptr_nonnull(strstr(text, "\nlock_then_write+0x"));
	ck_assert_ptr_nonnull(strstr(text, ", mutex held by thread "));
	free(text);
}
END_TEST

__attribute__((noinline)) static void *read_then_lock(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	pthread_rwlock_rdlock(&rwlock);
	pthread_barrier_wait(&all_hold_one);
	pthread_mutex_lock(&first);
	return NULL;
}

static void *read_and_wait(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	pthread_barrier_wait(&all_hold_one);
	pause();
	return NULL;
}

/** One reader among several, who holds it twice; the others are in no circle. */
static void start_circle_through_readers(void)
{
	pthread_t t;
	pthread_barrier_init(&all_hold_one, NULL, 4);
	start(read_and_wait, NULL, &t);
	start(read_then_lock, NULL, &t);
	start(read_and_wait, NULL, &t);
	start(lock_then_write, NULL, &t);
}

START_TEST(a_circle_through_a_reader_is_found_where_locks_are_noted)
{
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	start_circle_through_readers();
	char *text = await_stuck(2, 2);
	ck_assert_ptr_nonnull(strstr(text, "\nread_then_lock+0x"));
	ck_assert_ptr_nonnull(strstr(text, "\nlock_then_write+0x"));
	ck_assert_ptr_null(strstr(text, "\nread_and_wait+0x"));
	ck_assert_ptr_nonnull(strstr(text, ", rwlock held to read 4 times, deadlock"));
	ck_assert_ptr_nonnull(strstr(text, " to read, taken by read_then_lock+0x"));
	free(text);
}
END_TEST

/** Here a reader was there before, whom nobody noted: he might be any of them. */
START_TEST(readers_are_believed_if_all_are_known)
{
	pthread_rwlock_rdlock(&rwlock);
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	start_circle_through_readers();
	free(await_waits("\nlock_then_write+0x", 1));
	free(await_waits(", mutex held by thread ", 1));
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(cprof_profile_count(cprof_lookup("deadlock")), 0);
	pthread_rwlock_unlock(&rwlock);
	free(await_stuck(2, 2));
}
END_TEST

__attribute__((noinline)) static void *read_then_write(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	pthread_rwlock_wrlock(&rwlock);
	return NULL;
}

START_TEST(a_reader_who_waits_to_write_waits_for_himself)
{
	pthread_t t;
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	start(read_then_write, NULL, &t);
	free(await_stuck(1, 2));
}
END_TEST

static pthread_rwlock_t writers_first;

__attribute__((noinline)) static void *read_twice(void *arg)
{
	pthread_rwlock_rdlock(&writers_first);
	pthread_barrier_wait(&all_hold_one);
	pthread_barrier_wait(&all_hold_one);
	pthread_rwlock_rdlock(&writers_first);
	pause();
	return NULL;
}

__attribute__((noinline)) static void *write_between(void *arg)
{
	const struct timespec *until = arg;
	pthread_barrier_wait(&all_hold_one);
	if (until)
		pthread_rwlock_timedwrlock(&writers_first, until);
	else
		pthread_rwlock_wrlock(&writers_first);
	return NULL;
}

/** Whoever reads twice, with a writer between, who goes first. */
static void start_two_reads(const struct timespec *until)
{
	pthread_rwlockattr_t attr;
	pthread_t t;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&writers_first, &attr);
	ck_assert_int_eq(cprof_set_lock_sites(true), 0);
	pthread_barrier_init(&all_hold_one, NULL, 2);
	start(read_twice, NULL, &t);
	start(write_between, (void *)until, &t);
	free(await_waits("\nwrite_between+0x", 1));
	if (until)
		usleep(100000);
	else
		free(await_waits(", rwlock held to read", 1));
	pthread_barrier_wait(&all_hold_one);
}

START_TEST(a_reader_behind_a_writer_who_waits_for_him_is_found)
{
	start_two_reads(NULL);
	char *text = await_stuck(2, 2);
	ck_assert_ptr_nonnull(strstr(text, "\nread_twice+0x"));
	ck_assert_ptr_nonnull(strstr(text, "\nwrite_between+0x"));
	ck_assert_ptr_nonnull(strstr(text, ", rwlock held to read, others wait to write, deadlock"));
	free(text);
}
END_TEST

/** The writer gives up some day, and the reader goes on. */
START_TEST(a_reader_behind_a_writer_with_a_time_limit_is_in_none)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 3600;
	start_two_reads(&until);
	usleep(100000);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(cprof_profile_count(cprof_lookup("deadlock")), 0);
}
END_TEST

/** Reads, which somebody else does already, while somebody waits to write. */
START_TEST(readers_are_no_owners)
{
	pthread_rwlockattr_t attr;
	pthread_t t;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&rwlock, &attr);
	pthread_rwlock_rdlock(&rwlock);
	start(write_outside, NULL, &t);
	free(await_waits("\nwrite_outside+0x", 1));
	while (pthread_rwlock_tryrdlock(&rwlock) == 0) { // until the writer waits
		pthread_rwlock_unlock(&rwlock);
		usleep(1000);
	}
	start(read_outside, NULL, &t);
	char *text = await_waits(" [futex 0x", 2);
	ck_assert_ptr_null(strstr(text, " held by "));
	ck_assert_uint_eq(cprof_profile_count(cprof_lookup("deadlock")), 0);
	free(text);
}
END_TEST

static void *write_and_end(void *arg)
{
	pthread_rwlock_wrlock(&rwlock);
	return NULL;
}

START_TEST(a_rwlock_whose_writer_ended_is_found)
{
	pthread_t t;
	start(write_and_end, NULL, &t);
	pthread_join(t, NULL);
	start(read_outside, NULL, &t);
	start(write_outside, NULL, &t);
	char *text = await_stuck(2, 2);
	ck_assert_ptr_nonnull(strstr(text, ", rwlock held by thread "));
	ck_assert_ptr_nonnull(strstr(text, ", which has ended, deadlock"));
	free(text);
}
END_TEST

UNIT_MAIN("deadlock, rwlocks", a_circle_through_locks_held_to_write_is_found, readers_are_no_owners,
		a_circle_through_a_reader_is_found_where_locks_are_noted, readers_are_believed_if_all_are_known,
		a_reader_who_waits_to_write_waits_for_himself, a_reader_behind_a_writer_who_waits_for_him_is_found,
		a_reader_behind_a_writer_with_a_time_limit_is_in_none, a_rwlock_whose_writer_ended_is_found)
