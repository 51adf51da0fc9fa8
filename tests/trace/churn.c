// SPDX-License-Identifier: MIT
// churn TRACE: threads come and go by the hundred while a trace runs; each says in regions and logs what it does.
#include <cprof/pprof.h>
#include <cprof/trace.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

enum { ROUNDS = 50, THREADS = 8, REGIONS = 100 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long sum;

static void *work(void *arg)
{
	for (int i = 0; i < REGIONS; i++) {
		CPROF_TRACE_REGION("outer");
		CPROF_TRACE_REGION("inner");
		pthread_mutex_lock(&lock);
		sum++;
		pthread_mutex_unlock(&lock);
	}
	cprof_trace_logf("done", "%d", (int)(intptr_t)arg);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 2 || cprof_trace_start(cprof_to_path(argv[1])) != 0)
		return 1;
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t threads[THREADS];
		for (int i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, work, (void *)(intptr_t)(round * THREADS + i));
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
	}
	if (cprof_trace_stop() != 0)
		return 2;
	printf("%d %d %lu\n", ROUNDS * THREADS, REGIONS, sum);
	return 0;
}
