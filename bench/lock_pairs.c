// SPDX-License-Identifier: MIT
// lock_pairs THREADS THOUSANDS: prints the nanoseconds a pthread_mutex_lock+unlock pair takes. Where one thread has
// the mutex to itself (THREADS 1): in the least of slices so short that most have no company, so it is exact on a
// loaded machine, too. Where all fight for it: of all pairs together. bench_locks.py runs it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t start;
static int nthreads;
static long pairs;
static long counter;

enum { SLICE_PAIRS = 10000 };

static double now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double take_pairs_ns(long n)
{
	double begin = now_ns();
	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return now_ns() - begin;
}

/** Nanoseconds a pair. */
static double least_slice_ns(void)
{
	double least = take_pairs_ns(SLICE_PAIRS);
	for (long done = SLICE_PAIRS; done < pairs; done += SLICE_PAIRS) {
		double took = take_pairs_ns(SLICE_PAIRS);
		least = took < least ? took : least;
	}
	return least / SLICE_PAIRS;
}

static void *work(void *arg)
{
	take_pairs_ns(pairs / 10); // warms up
	pthread_barrier_wait(&start);
	*(double *)arg = nthreads == 1 ? least_slice_ns() * (double)pairs : take_pairs_ns(pairs);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	nthreads = atoi(argv[1]);
	pairs = atol(argv[2]) * 1000;
	if (nthreads < 1 || nthreads > 64)
		return 2;
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
