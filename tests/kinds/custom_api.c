// SPDX-License-Identifier: MIT
// Profiles the program fills, and what is told of misuse; Go's TestEmptyCallStack and its table of panics.
#include <cprof/pprof.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sink.h"
#include "tests/unit/unit.h"

#define KEY(n) ((const void *)(uintptr_t)(n))

static struct cprof_profile *make(const char *name)
{
	struct cprof_profile *p = NULL;
	ck_assert_int_eq(cprof_new_profile(name, &p), 0);
	ck_assert_ptr_eq(cprof_lookup(name), p);
	ck_assert_str_eq(cprof_profile_name(p), name);
	return p;
}

__attribute__((noinline)) static int open_one(struct cprof_profile *p, uintptr_t key, int skip)
{
	int ret = cprof_profile_add(p, KEY(key), skip);
	__asm__ volatile("" ::: "memory");
	return ret;
}

__attribute__((noinline)) static int open_another(struct cprof_profile *p, uintptr_t key)
{
	int ret = cprof_profile_add(p, KEY(key), 0);
	__asm__ volatile("" ::: "memory");
	return ret;
}

START_TEST(keys_are_counted_by_their_stacks)
{
	struct cprof_profile *p = make("test.Conns");
	for (uintptr_t i = 0; i < 500; i++)
		ck_assert_int_eq(open_one(p, i, 0), 0);
	for (uintptr_t i = 500; i < 503; i++)
		ck_assert_int_eq(open_another(p, i), 0);
	for (uintptr_t i = 0; i < 490; i++)
		ck_assert_int_eq(cprof_profile_remove(p, KEY(i)), 0);
	ck_assert_uint_eq(cprof_profile_count(p), 13);
	for (int debug = 1; debug <= 2; debug++) { // as in Go, 2 is 1
		char *text = profile_text(p, debug);
		ck_assert_ptr_nonnull(text);
		ck_assert_ptr_eq(strstr(text, "test.Conns profile: total 13\n10 @ 0x"), text);
		char *first = strstr(text, "\topen_one+0x"), *second = strstr(text, "\n3 @ 0x");
		ck_assert(first && second && strstr(second, "\topen_another+0x") && first < second);
		ck_assert_ptr_null(strstr(text, "cprof_profile_add")); // it begins with the caller
		free(text);
	}
	for (uintptr_t i = 490; i < 503; i++)
		ck_assert_int_eq(cprof_profile_remove(p, KEY(i)), 0);
	char *text = profile_text(p, 1);
	ck_assert_str_eq(text, "test.Conns profile: total 0\n");
	free(text);
}
END_TEST

START_TEST(frames_are_skipped)
{
	struct cprof_profile *p = make("test.Skip");
	open_one(p, 1, 1);
	char *text = profile_text(p, 1);
	ck_assert_ptr_null(strstr(text, "open_one"));
	ck_assert_ptr_nonnull(strstr(text, "frames_are_skipped"));
	free(text);
	ck_assert_int_eq(cprof_profile_remove(p, KEY(1)), 0);
	ck_assert_int_eq(open_one(p, 2, 47674), 0); // Go's number
	text = profile_text(p, 1);
	ck_assert_ptr_nonnull(strstr(text, "[no caller left]"));
	free(text);
}
END_TEST

START_TEST(misuse_is_told)
{
	struct cprof_profile *p = make("test.Misuse"), *other = NULL;
	char long_name[300];
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	ck_assert_int_eq(cprof_new_profile("", &other), -EINVAL);
	ck_assert_int_eq(cprof_new_profile(NULL, &other), -EINVAL);
	ck_assert_int_eq(cprof_new_profile("two words", &other), -EINVAL);
	ck_assert_int_eq(cprof_new_profile(long_name, &other), -EINVAL);
	ck_assert_int_eq(cprof_new_profile("test.Other", NULL), -EINVAL);
	ck_assert_int_eq(cprof_new_profile("heap", &other), -EEXIST);
	ck_assert_int_eq(cprof_new_profile("test.Misuse", &other), -EEXIST);
	ck_assert_ptr_null(other);
	ck_assert_str_eq(cprof_strerror(-EEXIST), "name or key already in use");

	ck_assert_int_eq(cprof_profile_add(p, KEY(1), 0), 0);
	ck_assert_int_eq(cprof_profile_add(p, KEY(1), 0), -EEXIST);
	ck_assert_int_eq(cprof_profile_add(p, KEY(2), -1), -EINVAL);
	ck_assert_int_eq(cprof_profile_add(NULL, KEY(2), 0), -EINVAL);
	ck_assert_int_eq(cprof_profile_add_weighted(p, KEY(2), 5, 0), -EINVAL);
	ck_assert_int_eq(cprof_profile_remove(p, KEY(2)), -ENOENT);
	ck_assert_int_eq(cprof_profile_remove(NULL, KEY(1)), -EINVAL);
	struct cprof_profile *heap = (struct cprof_profile *)cprof_lookup("heap");
	ck_assert_int_eq(cprof_profile_add(heap, KEY(1), 0), -EPERM);
	ck_assert_int_eq(cprof_profile_remove(heap, KEY(1)), -EPERM);
	ck_assert_uint_eq(cprof_profile_count(p), 1);
}
END_TEST

START_TEST(a_key_may_have_a_weight)
{
	struct cprof_profile *p;
	ck_assert_int_eq(cprof_new_weighted_profile("test.Buffers", "space", "bytes", &p), 0);
	for (uintptr_t i = 0; i < 4; i++)
		ck_assert_int_eq(cprof_profile_add_weighted(p, KEY(i), 100, 0), 0);
	cprof_profile_remove(p, KEY(2));
	char *text = profile_text(p, 1);
	ck_assert_ptr_nonnull(strstr(text, "total 3\n3 @ 0x"));
	ck_assert_ptr_nonnull(strstr(text, "\n# space: 300 bytes\n"));
	free(text);
}
END_TEST

static int check_order(const struct cprof_profile *p, void *arg)
{
	const char **before = arg;
	ck_assert_int_lt(strcmp(*before, cprof_profile_name(p)), 0);
	*before = cprof_profile_name(p);
	return strcmp(*before, "zz.last") == 0;
}

START_TEST(all_profiles_are_walked_by_name)
{
	const char *before = "";
	make("zz.last");
	make("a.first");
	make("middle");
	make("zzz.behind");
	cprof_profiles(check_order, &before);
	ck_assert_str_eq(before, "zz.last");
}
END_TEST

static struct cprof_profile *shared;

static void *add_and_remove(void *arg)
{
	uintptr_t base = (uintptr_t)arg * 100000;
	for (uintptr_t i = 0; i < 5000; i++)
		open_one(shared, base + i, 0);
	for (uintptr_t i = 0; i < 5000; i += 2)
		cprof_profile_remove(shared, KEY(base + i));
	return NULL;
}

START_TEST(threads_and_forks_keep_it_whole)
{
	pthread_t threads[4];
	shared = make("test.Shared");
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, add_and_remove, (void *)i);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			int ret = cprof_profile_add(shared, KEY(-1), 0) + cprof_profile_remove(shared, KEY(-1));
			_exit(ret ? 1 : 0);
		}
		int status;
		waitpid(pid, &status, 0);
		ck_assert_int_eq(status, 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(cprof_profile_count(shared), 10000);
	for (uintptr_t i = 0; i < 4 * 100000; i++)
		ck_assert_int_eq(cprof_profile_remove(shared, KEY(i)), i % 100000 < 5000 && i % 2 ? 0 : -ENOENT);
}
END_TEST

UNIT_MAIN("custom", keys_are_counted_by_their_stacks, frames_are_skipped, misuse_is_told, a_key_may_have_a_weight,
		all_profiles_are_walked_by_name, threads_and_forks_keep_it_whole)
