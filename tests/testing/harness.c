// SPDX-License-Identifier: MIT
// harness [FLAGS] HOW [ARGS]: a test program with <cprof/testing.h>; test_testing.py looks at what it leaves. The
// first line on stdout: what cprof_testing_init() returned, and the arguments it left.
#include <assert.h>
#include <cprof/testing.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/locks/waiting.h"

enum { WORK_MS = 300, NBLOCKS = 500 };

/** 300 ms of CPU time and 500 blocks of 1000 bytes, freed. */
__attribute__((noinline)) static void work(void)
{
	struct timespec now;
	void *blocks[NBLOCKS];
	for (int i = 0; i < NBLOCKS; i++)
		blocks[i] = malloc(1000);
	for (int i = 0; i < NBLOCKS; i++)
		free(blocks[i]);
	do {
		for (volatile int i = 0; i < 100000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while (now.tv_sec == 0 && now.tv_nsec < WORK_MS * 1000000);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *contend(void *arg)
{
	waiter_tid = gettid();
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/** A thread waits for us, 20 ms and more. */
__attribute__((noinline)) static void hold(void)
{
	pthread_t t;
	pthread_mutex_lock(&lock);
	pthread_create(&t, NULL, contend, NULL);
	while (waiter_tid == 0)
		usleep(200);
	await_asleep(waiter_tid);
	usleep(HOLD_US);
	pthread_mutex_unlock(&lock);
	pthread_join(t, NULL);
}

/// Benchmarks

static void bench_two_blocks(struct cprof_bench *b, void *arg)
{
	free(malloc(1 << 20)); // not counted: it is before the reset
	cprof_bench_reset_timer(b);
	for (int64_t i = 0; i < b->n; i++) {
		cprof_bench_stop_timer(b);
		char *apart = malloc(5000);
		cprof_bench_start_timer(b);
		char *a = malloc(10), *c = malloc(22);
		CPROF_BENCH_KEEP(a);
		CPROF_BENCH_KEEP(c);
		free(a);
		free(c);
		free(apart);
	}
}

static void bench_bytes(struct cprof_bench *b, void *arg)
{
	static char from[4096], to[4096];
	cprof_bench_set_bytes(b, sizeof(from));
	for (int64_t i = 0; i < b->n; i++) {
		memcpy(to, from, sizeof(from));
		CPROF_BENCH_KEEP(to);
	}
}

static void bench_metrics(struct cprof_bench *b, void *arg)
{
	int *nruns = arg;
	++*nruns;
	cprof_bench_report_allocs(b);
	if (cprof_bench_report_metric(b, 0.25, "zeta/op") || cprof_bench_report_metric(b, 123456, "alpha/op") ||
			cprof_bench_report_metric(b, 2000, "ns/op") || !cprof_bench_report_metric(b, 1, "two words") ||
			!cprof_bench_report_metric(b, 1, "two\vwords"))
		abort();
}

/** 1 ms each, by the clock that is measured. */
static void bench_known(struct cprof_bench *b, void *arg)
{
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < b->n * 1000000);
}

static int run_benchmarks(void)
{
	int nruns = 0;
	cprof_bench_run("TwoBlocks", bench_two_blocks, NULL);
	cprof_bench_run("BenchmarkBytes", bench_bytes, NULL);
	cprof_bench_run("Metrics", bench_metrics, &nruns);
	cprof_bench_run("Known", bench_known, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	int ret = cprof_testing_init(&argc, argv);
	printf("%d", ret);
	for (int i = 1; i < argc; i++)
		printf(" %s", argv[i]);
	printf("\n");
	fflush(stdout);
	if (ret < 0 || argv[argc])
		return 2;
	const char *how = argc > 1 ? argv[1] : "quick";
	if (strcmp(how, "quick") == 0)
		return 0;
	if (strcmp(how, "bench") == 0)
		return run_benchmarks();
	if (strcmp(how, "again") == 0)
		return cprof_testing_init(&argc, argv) < 0 ? 0 : 1;
	if (chdir("/") != 0)
		return 99;
	work();
	hold();
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "assert") == 0)
		assert(argc == 0);
	if (strcmp(how, "_exit") == 0)
		_exit(7);
	if (strcmp(how, "alarm") == 0)
		alarm(1);
	if (strcmp(how, "hang") == 0) {
		printf("hanging\n");
		fflush(stdout);
	}
	while (strcmp(how, "alarm") == 0 || strcmp(how, "hang") == 0)
		pause();
	if (strcmp(how, "stop") == 0)
		return cprof_testing_stop() == 0 && cprof_testing_stop() == 0 ? 0 : 1;
	return strcmp(how, "fail") == 0;
}
