// SPDX-License-Identifier: MIT
// bench_labels: nanoseconds that labels cost, the best of many short rounds each, which other load touches least.
#include <cprof/pprof.h>
#include <stdio.h>
#include <time.h>

#define END ((char *)NULL)

enum { CALLS = 50000, ROUNDS = 300 };

static const struct cprof_labels *a, *b;

static void nothing(void *arg)
{
	__asm__ volatile("");
}

static void set(void)
{
	cprof_set_labels(a);
	cprof_set_labels(NULL);
}

static void scope(void)
{
	CPROF_LABELS_SCOPE(b);
	__asm__ volatile("");
}

static void run_do(void)
{
	cprof_do(b, nothing, NULL);
}

static void make(void)
{
	cprof_labels("request", "/search", END);
}

static double best_ns(void (*fn)(void))
{
	double best = 1e9;
	for (int round = 0; round < ROUNDS; round++) {
		struct timespec begin, end;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
		for (int i = 0; i < CALLS; i++)
			fn();
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
		double ns = ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / CALLS;
		best = ns < best ? ns : best;
	}
	return best;
}

int main(void)
{
	a = cprof_labels("tenant", "one", END);
	b = cprof_labels("phase", "parse", END);
	printf("set and clear            %6.1f ns\n", best_ns(set));
	printf("a scope, or do, alone    %6.1f ns %6.1f ns\n", best_ns(scope), best_ns(run_do));
	cprof_set_labels(a);
	printf("... over other labels    %6.1f ns %6.1f ns\n", best_ns(scope), best_ns(run_do));
	printf("find a set by its pairs  %6.1f ns\n", best_ns(make));
	return 0;
}
