// SPDX-License-Identifier: MIT
// heap_null FILE: frees NULL often while there are so many sampled blocks, and entries of freed ones, that each
// chain and each counter of the live table is in use, those of address 0 too.
#include <cprof/pprof.h>
#include <stdlib.h>

enum { BLOCKS = 400000, NULLS = 1000 };

int main(int argc, char **argv)
{
	static void *blocks[BLOCKS];
	int rc = cprof_set_mem_profile_rate(1);
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(16);
	for (int i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	for (int i = 0; i < NULLS; i++)
		free(NULL);
	return rc != 0 || cprof_write_heap_profile(cprof_to_path(argv[1])) != 0;
}
