// SPDX-License-Identifier: MIT
// heap_labels FILE: ten blocks of 100 bytes under a label, five without, recorded exactly.
#include <cprof/pprof.h>
#include <stdio.h>
#include <stdlib.h>

static void *blocks[15];

static __attribute__((noinline)) void allocate(int from, int to)
{
	for (int i = from; i < to; i++)
		blocks[i] = malloc(100);
}

static void allocate_ten(void *arg)
{
	allocate(0, 10);
}

int main(int argc, char **argv)
{
	int rc = cprof_set_mem_profile_rate(1);
	cprof_do(cprof_labels("request", "/search", (char *)NULL), allocate_ten, NULL);
	allocate(10, 15);
	if (rc == 0)
		rc = cprof_write_heap_profile(cprof_to_path(argv[1]));
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	return rc != 0;
}
