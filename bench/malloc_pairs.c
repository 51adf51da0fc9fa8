// SPDX-License-Identifier: MIT
// malloc_pairs SIZE THREADS MILLIONS: prints the nanoseconds of CPU a malloc+free pair takes, in a loop that keeps
// a few blocks alive. bench_malloc.py runs it under one allocator and profiler after the other.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ALIVE = 64 };

static size_t size_bytes;
static long pairs;
static double thread_ns[64];

static void *work(void *arg)
{
	void *blocks[ALIVE] = {0};
	struct timespec begin, end;
	for (int round = 0; round < 2; round++) { // the first warms up
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
		for (long i = 0; i < pairs; i++) {
			void **slot = &blocks[i % ALIVE];
			free(*slot);
			*slot = malloc(size_bytes);
			*(volatile char *)*slot = 0;
		}
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	}
	*(double *)arg = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	int nthreads = atoi(argv[2]);
	size_bytes = strtoul(argv[1], NULL, 10);
	pairs = atol(argv[3]) * 1000000;
	if (nthreads < 1 || nthreads > 64)
		return 2;
	pthread_t threads[64];
	for (int i = 0; i < nthreads; i++)
		pthread_create(&threads[i], NULL, work, &thread_ns[i]);
	double sum = 0;
	for (int i = 0; i < nthreads; i++) {
		pthread_join(threads[i], NULL);
		sum += thread_ns[i];
	}
	printf("%.3f\n", sum / nthreads / (double)pairs);
	return 0;
}
