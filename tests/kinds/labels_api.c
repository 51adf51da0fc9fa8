// SPDX-License-Identifier: MIT
// Labels as <cprof/pprof.h> promises them; Go's TestContextLabels, TestSetGoroutineLabels, TestDo.
#include <cprof/pprof.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define END ((char *)NULL)

START_TEST(the_same_pairs_are_the_same_set)
{
	const struct cprof_labels *a = cprof_labels("key1", "value1", "key2", "value2", END);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_eq(a, cprof_labels("key2", "value2", "key1", "value1", END));
	ck_assert_ptr_ne(a, cprof_labels("key1", "value1", END));
	ck_assert_str_eq(cprof_labels_get(a, "key1"), "value1");
	ck_assert_str_eq(cprof_labels_get(a, "key2"), "value2");
	ck_assert_ptr_null(cprof_labels_get(a, "key"));
	ck_assert_ptr_null(cprof_labels_get(NULL, "key1"));
	ck_assert_ptr_null(cprof_labels(END, END));
}
END_TEST

START_TEST(the_last_of_equal_keys_counts)
{
	ck_assert_ptr_eq(cprof_labels("k", "1", "k", "2", END), cprof_labels("k", "2", END));
	const struct cprof_labels *base = cprof_labels("a", "1", "b", "2", END);
	const struct cprof_labels *both = cprof_labels_with(base, cprof_labels("b", "3", "c", "4", END));
	ck_assert_ptr_eq(both, cprof_labels("a", "1", "b", "3", "c", "4", END));
	ck_assert_str_eq(cprof_labels_get(base, "b"), "2");
	ck_assert_ptr_eq(cprof_labels_with(base, NULL), base);
	ck_assert_ptr_eq(cprof_labels_with(NULL, base), base);
	ck_assert_ptr_null(cprof_labels_with(NULL, NULL));
	// Where one string ends and the next begins makes a difference.
	ck_assert_ptr_ne(cprof_labels("ab", "c", END), cprof_labels("a", "bc", END));
}
END_TEST

START_TEST(misuse_is_told)
{
	const char *strings[66];
	char text[66][8];
	const struct cprof_labels *labels;
	for (int i = 0; i < 66; i++) {
		snprintf(text[i], sizeof(text[i]), "k%d", i);
		strings[i] = text[i];
	}
	ck_assert_int_eq(cprof_labels_make(strings, 64, &labels), 0);
	ck_assert_str_eq(cprof_labels_get(labels, "k62"), "k63");
	ck_assert_int_eq(cprof_labels_make(strings, 66, &labels), -E2BIG);
	ck_assert_ptr_null(labels);
	ck_assert_int_eq(cprof_labels_make(strings, 3, &labels), -EINVAL);
	ck_assert_int_eq(cprof_labels_make(strings, 2, NULL), -EINVAL);
	strings[1] = NULL;
	ck_assert_int_eq(cprof_labels_make(strings, 2, &labels), -EINVAL);
	ck_assert_int_eq(cprof_labels_make(NULL, 0, &labels), 0);
	ck_assert_ptr_null(labels);
	ck_assert_ptr_null(cprof_labels("odd", END));
}
END_TEST

static int join_pair(const char *key, const char *value, void *arg)
{
	strcat(strcat(strcat(strcat(arg, key), "="), value), ";");
	return strcmp(key, "b") == 0;
}

START_TEST(pairs_are_walked_by_key_until_told_to_stop)
{
	char text[64] = "";
	cprof_labels_each(cprof_labels("c", "3", "a", "1", "b", "2", END), join_pair, text);
	ck_assert_str_eq(text, "a=1;b=2;");
}
END_TEST

static void *get_current(void *arg)
{
	return (void *)cprof_current_labels();
}

static int get_current_c11(void *arg)
{
	*(const struct cprof_labels **)arg = cprof_current_labels();
	return 0;
}

static const struct cprof_labels *of_new_thread(void)
{
	pthread_t t;
	void *labels;
	ck_assert_int_eq(pthread_create(&t, NULL, get_current, NULL), 0);
	pthread_join(t, &labels);
	return labels;
}

START_TEST(a_new_thread_has_its_creators)
{
	const struct cprof_labels *a = cprof_labels("k", "v", END), *of_c11;
	ck_assert_ptr_null(cprof_set_labels(a));
	ck_assert_ptr_eq(cprof_current_labels(), a);
	ck_assert_ptr_eq(of_new_thread(), a);
	thrd_t t;
	ck_assert_int_eq(thrd_create(&t, get_current_c11, &of_c11), thrd_success);
	thrd_join(t, NULL);
	ck_assert_ptr_eq(of_c11, a);
	ck_assert_ptr_eq(cprof_set_labels(NULL), a);
	ck_assert_ptr_null(of_new_thread());
}
END_TEST

static void look_inside(void *arg)
{
	*(const struct cprof_labels **)arg = cprof_current_labels();
	cprof_set_labels(NULL); // what fn does to them is undone
}

START_TEST(do_adds_and_restores)
{
	const struct cprof_labels *outer = cprof_labels("a", "1", END), *seen = NULL;
	cprof_set_labels(outer);
	cprof_do(cprof_labels("b", "2", END), look_inside, &seen);
	ck_assert_ptr_eq(seen, cprof_labels("a", "1", "b", "2", END));
	ck_assert_ptr_eq(cprof_current_labels(), outer);
	cprof_do(NULL, look_inside, &seen);
	ck_assert_ptr_eq(seen, outer);
	cprof_do(outer, NULL, NULL);
	ck_assert_ptr_eq(cprof_current_labels(), outer);
}
END_TEST

static int leave_early(int depth)
{
	CPROF_LABELS_SCOPE(cprof_labels("depth", depth ? "deep" : "flat", END));
	ck_assert_str_eq(cprof_labels_get(cprof_current_labels(), "depth"), depth ? "deep" : "flat");
	return depth ? leave_early(depth - 1) : 1;
}

START_TEST(a_scope_ends_however_it_is_left)
{
	const struct cprof_labels *outer = cprof_labels("a", "1", END);
	cprof_set_labels(outer);
	ck_assert_int_eq(leave_early(1), 1);
	ck_assert_ptr_eq(cprof_current_labels(), outer);
	for (int i = 0; i < 3; i++) {
		CPROF_LABELS_SCOPE(cprof_labels("i", "x", END));
		if (i == 1)
			continue;
	}
	ck_assert_ptr_eq(cprof_current_labels(), outer);
}
END_TEST

START_TEST(a_fork_child_keeps_them)
{
	const struct cprof_labels *a = cprof_labels("k", "v", END);
	cprof_set_labels(a);
	pid_t pid = fork();
	if (pid == 0)
		_exit(cprof_current_labels() == a && of_new_thread() == a ? 0 : 1);
	int status;
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void *make_many(void *arg)
{
	const struct cprof_labels **sets = arg;
	for (int i = 0; i < 2000; i++) {
		char value[16];
		snprintf(value, sizeof(value), "%d", i);
		sets[i] = cprof_labels("i", value, END);
		cprof_set_labels(sets[i]);
	}
	return NULL;
}

START_TEST(threads_that_make_the_same_sets_get_the_same)
{
	static const struct cprof_labels *sets[4][2000];
	pthread_t threads[4];
	for (int t = 0; t < 4; t++)
		pthread_create(&threads[t], NULL, make_many, sets[t]);
	for (int t = 0; t < 4; t++)
		pthread_join(threads[t], NULL);
	for (int i = 0; i < 2000; i++) {
		ck_assert_ptr_nonnull(sets[0][i]);
		for (int t = 1; t < 4; t++)
			ck_assert_ptr_eq(sets[t][i], sets[0][i]);
	}
}
END_TEST

START_TEST(nothing_is_allocated)
{
	cprof_labels("warm", "up", END);
	struct mallinfo2 before = mallinfo2();
	for (int i = 0; i < 1000; i++) {
		char value[16];
		snprintf(value, sizeof(value), "n%d", i);
		CPROF_LABELS_SCOPE(cprof_labels("i", value, END));
	}
	ck_assert_uint_eq(mallinfo2().uordblks, before.uordblks);
}
END_TEST

START_TEST(room_is_bounded_and_what_does_not_fit_refused)
{
	char big[64 << 10];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	const char *strings[] = {"k", big};
	const struct cprof_labels *labels;
	int ret = 0, made = 0;
	for (; made < 2000 && ret == 0; made++) {
		snprintf(big, sizeof(big), "%06d", made);
		big[6] = 'x';
		ret = cprof_labels_make(strings, 2, &labels);
	}
	ck_assert_int_eq(ret, -ENOSPC);
	ck_assert_ptr_null(labels);
	ck_assert_int_gt(made, 500); // 64 MiB hold a thousand of 64 KiB, less what ends of chunks cost
	ck_assert_ptr_eq(cprof_labels("k", "v", END), cprof_labels("k", "v", END));
}
END_TEST

UNIT_MAIN("labels", the_same_pairs_are_the_same_set, the_last_of_equal_keys_counts, misuse_is_told,
		pairs_are_walked_by_key_until_told_to_stop, a_new_thread_has_its_creators, do_adds_and_restores,
		a_scope_ends_however_it_is_left, a_fork_child_keeps_them,
		threads_that_make_the_same_sets_get_the_same, nothing_is_allocated,
		room_is_bounded_and_what_does_not_fit_refused)
