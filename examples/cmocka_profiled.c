// SPDX-License-Identifier: MIT
// A test program on cmocka that takes go test's flags, and has a benchmark:
//
//   cc cmocka_profiled.c $(pkg-config --cflags --libs cmocka libcprof) -o cmocka_profiled
//   ./cmocka_profiled -memprofile mem.pprof -memprofilerate 1
//   ./cmocka_profiled -bench . -benchmem
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <cprof/testing.h>

struct node {
	struct node *next;
	int value;
};

static struct node *push(struct node *list, int value)
{
	struct node *n = malloc(sizeof(*n));
	*n = (struct node){list, value};
	return n;
}

static int sum_and_free(struct node *list)
{
	int sum = 0;
	for (struct node *next; list; list = next) {
		next = list->next;
		sum += list->value;
		free(list);
	}
	return sum;
}

static void lists_are_summed(void **state)
{
	(void)state;
	struct node *list = NULL;
	for (int i = 1; i <= 1000; i++)
		list = push(list, i);
	assert_int_equal(sum_and_free(list), 500500);
}

static void bench_push(struct cprof_bench *b, void *arg)
{
	(void)arg;
	for (int64_t i = 0; i < b->n; i++) {
		struct node *list = push(push(NULL, 1), 2);
		CPROF_BENCH_KEEP(list); // the compiler may see what becomes of it, and make none
		CPROF_BENCH_KEEP(sum_and_free(list));
	}
}

int main(int argc, char **argv)
{
	if (cprof_testing_init(&argc, argv) < 0)
		return 2;
	const struct CMUnitTest tests[] = {cmocka_unit_test(lists_are_summed)};
	int nfailed = cmocka_run_group_tests(tests, NULL, NULL);
	cprof_bench_run("Push", bench_push, NULL); // if -bench asks for it
	return nfailed;
}
