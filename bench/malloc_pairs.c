// SPDX-License-Identifier: MIT
// malloc_pairs SIZE THREADS ROUNDS: prints the nanoseconds of CPU a malloc+free pair takes, in a loop that keeps a few
// blocks alive: the best of many short rounds, for other load only makes one slower. bench_malloc.py runs it under one
// allocator and profiler after the other.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// Long enough that a round has its share of samples: 3 of 64 KiB at 16 bytes.
enum { ALIVE = 64, PAIRS = 200000, MAX_THREADS = 64 };

static size_t size_bytes;
static long rounds;

static double thread_cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *work(void *best_ns_out)
{
	void *blocks[ALIVE] = {0};
	double best_ns = 1e18;
	for (long round = 0; round <= rounds; round++) {
		double begin_ns = thread_cpu_ns();
		for (int i = 0; i < PAIRS; i++) {
			void **slot = &blocks[i % ALIVE];
			free(*slot);
			*slot = malloc(size_bytes);
			*(volatile char *)*slot = 0;
		}
		double ns = thread_cpu_ns() - begin_ns;
		if (round > 0 && ns < best_ns) // the first warms up
			best_ns = ns;
	}
	*(double *)best_ns_out = best_ns;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];
	double best_ns[MAX_THREADS], sum_ns = 0;
	if (argc < 4)
		return 2;
	int nthreads = atoi(argv[2]);
	size_bytes = strtoul(argv[1], NULL, 10);
	rounds = atol(argv[3]);
	if (nthreads < 1 || nthreads > MAX_THREADS || rounds < 1)
		return 2;
	for (int i = 1; i < nthreads; i++) // of one there is no second, which libc and libcprof make use of
		pthread_create(&threads[i], NULL, work, &best_ns[i]);
	work(&best_ns[0]);
	for (int i = 0; i < nthreads; i++) {
		if (i > 0)
			pthread_join(threads[i], NULL);
		sum_ns += best_ns[i];
	}
	printf("%.3f\n", sum_ns / nthreads / PAIRS);
	return 0;
}
