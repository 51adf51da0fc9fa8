// SPDX-License-Identifier: MIT
// heap_sites FILE: Go's heapsampling test in C. Six sites that allocate 17 KiB, 1 KiB, 18 KiB, 512 B, 16 KiB
// and 256 B, 50,000 times in turn, at a rate of 16 KiB; half of the blocks stay. The profile must tell each
// site's objects and bytes within 10 %.
#include <cprof/pprof.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 50000 };

static void *volatile sink;

#define SITE(name, bytes) \
	static __attribute__((noinline)) void name(int keep) \
	{ \
		void *p = malloc(bytes); \
		sink = p; \
		if (!keep) \
			free(p); \
	}
SITE(site_17k, 17 << 10)
SITE(site_1k, 1 << 10)
SITE(site_18k, 18 << 10)
SITE(site_512, 512)
SITE(site_16k, 16 << 10)
SITE(site_256, 256)

int main(int argc, char **argv)
{
	int rc = cprof_set_mem_profile_rate(16 << 10);
	for (int i = 0; i < ROUNDS; i++) {
		// The kept ones are never touched, so they cost address space and no memory.
		int keep = i % 2;
		site_17k(keep);
		site_1k(keep);
		site_18k(keep);
		site_512(keep);
		site_16k(keep);
		site_256(keep);
	}
	if (rc == 0)
		rc = cprof_write_heap_profile(cprof_to_path(argv[1]));
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	return rc != 0;
}
