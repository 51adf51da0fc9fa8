// SPDX-License-Identifier: MIT
// heap_lifetime FILE [TEXT]: 1000 blocks of 1000 bytes that churn() frees at once, 100 of 5000 bytes that
// cache() frees 50 ms later, and 10 of 10,000 bytes that stay. Writes `allocs`; with TEXT also `heap`, to FILE as
// profile.proto and to TEXT as debug=1.
#include <cprof/pprof.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *cached[100], *kept[10];

static __attribute__((noinline)) void churn(void)
{
	free(malloc(1000));
}

static __attribute__((noinline)) void cache(int i)
{
	cached[i] = malloc(5000);
}

static __attribute__((noinline)) void keep(int i)
{
	kept[i] = malloc(10000);
}

static int write_named(const char *name, const char *path, int debug)
{
	return cprof_profile_write_to(cprof_lookup(name), cprof_to_path(path), debug);
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	int rc = cprof_set_mem_profile_rate(1);
	for (int i = 0; i < 1000; i++)
		churn();
	for (int i = 0; i < 100; i++)
		cache(i);
	nanosleep(&pause, NULL);
	for (int i = 0; i < 100; i++)
		free(cached[i]);
	for (int i = 0; i < 10; i++)
		keep(i);
	if (rc == 0)
		rc = cprof_set_mem_profile_rate(0); // what writing allocates is not of the program
	if (rc == 0)
		rc = write_named(argc > 2 ? "heap" : "allocs", argv[1], 0);
	if (rc == 0 && argc > 2)
		rc = write_named("heap", argv[2], 1);
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	return rc != 0;
}
