// SPDX-License-Identifier: MIT
// crowd THREADS: as many and the main thread end the process at once, by exit() or by the return from main; status 7.
#include <pthread.h>
#include <stdlib.h>

enum { STATUS = 7, NBLOCKS = 2000 };

static pthread_barrier_t all;
static void *volatile kept[NBLOCKS];

static void *end(void *arg)
{
	pthread_barrier_wait(&all);
	exit(STATUS);
	return arg;
}

int main(int argc, char **argv)
{
	int nthreads = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t thread;
	for (int i = 0; i < NBLOCKS; i++)
		kept[i] = malloc(100);
	pthread_barrier_init(&all, NULL, (unsigned)nthreads + 1);
	for (int i = 0; i < nthreads; i++) {
		if (pthread_create(&thread, NULL, end, NULL) != 0)
			return 1;
		pthread_detach(thread);
	}
	pthread_barrier_wait(&all);
	return STATUS;
}
