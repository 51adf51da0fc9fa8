// SPDX-License-Identifier: MIT
// heap_peak FILE: 64 MiB by peak_site at the top, then all of it freed, and 16 MiB by late_site that stay. The
// profile's peak must show peak_site's 64 MiB and none of late_site; in use it is the other way round.
#include <cprof/pprof.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4 << 10, PEAK_BLOCKS = 16 << 10, LATE_BLOCKS = 4 << 10 };

static void *blocks[PEAK_BLOCKS];

static __attribute__((noinline)) void peak_site(int i)
{
	blocks[i] = malloc(BLOCK_BYTES);
}

static __attribute__((noinline)) void late_site(int i)
{
	blocks[i] = malloc(BLOCK_BYTES);
}

int main(int argc, char **argv)
{
	int rc = cprof_set_mem_profile_rate(argc > 2 ? atoi(argv[2]) : 64 << 10);
	for (int i = 0; i < PEAK_BLOCKS; i++)
		peak_site(i);
	for (int i = 0; i < PEAK_BLOCKS; i++)
		free(blocks[i]);
	for (int i = 0; i < LATE_BLOCKS; i++)
		late_site(i);
	if (rc == 0)
		rc = cprof_write_heap_profile(cprof_to_path(argv[1]));
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	return rc != 0;
}
