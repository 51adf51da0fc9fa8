// SPDX-License-Identifier: MIT
// lock_pairs THREADS THOUSANDS: prints the nanoseconds a pthread_mutex_lock+unlock pair takes: of CPU where one
// thread has the mutex to itself (THREADS 1), by the wall clock where all fight for it. bench_locks.py runs it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t start;
static long pairs;
static long counter;

static clockid_t clock_used = CLOCK_MONOTONIC;

static double now_ns(void)
{
	struct timespec ts;
	clock_gettime(clock_used, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void *work(void *arg)
{
	for (long i = 0; i < pairs / 10; i++) { // warms up
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
	pthread_barrier_wait(&start);
	double begin = now_ns();
	for (long i = 0; i < pairs; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	*(double *)arg = now_ns() - begin;
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int nthreads = atoi(argv[1]);
	pairs = atol(argv[2]) * 1000;
	if (nthreads < 1 || nthreads > 64)
		return 2;
	if (nthreads == 1)
		clock_used = CLOCK_THREAD_CPUTIME_ID;
	pthread_t threads[64];
	double took_ns[64], longest = 0;
	pthread_barrier_init(&start, NULL, (unsigned)nthreads);
	for (int i = 0; i < nthreads; i++)
		pthread_create(&threads[i], NULL, work, &took_ns[i]);
	for (int i = 0; i < nthreads; i++) {
		pthread_join(threads[i], NULL);
		longest = took_ns[i] > longest ? took_ns[i] : longest;
	}
	printf("%.3f\n", longest / (double)(pairs * nthreads));
	return 0;
}
