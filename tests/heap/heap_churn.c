// SPDX-License-Identifier: MIT
// heap_churn FILE: two threads allocate and free without pause at rate 1 while `allocs` is written twenty times, to
// FILE.0 to FILE.19.
#include <cprof/pprof.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 2, PROFILES = 20 };

static atomic_bool is_over;

static __attribute__((noinline)) void *churn(void *arg)
{
	while (!is_over)
		free(malloc(100));
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int rc = cprof_set_mem_profile_rate(1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, churn, NULL);
	for (int i = 0; rc == 0 && i < PROFILES; i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s.%d", argv[argc - 1], i);
		rc = cprof_profile_write_to(cprof_lookup("allocs"), cprof_to_path(path), 0);
	}
	is_over = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	return rc != 0;
}
