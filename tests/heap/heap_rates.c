// SPDX-License-Identifier: MIT
// heap_rates FILE: the rate changes while the program runs. Each phase has its function and 16,384 blocks of
// 4 KiB, which are 64 MiB: whatever the rate, that must come out; the phase with rate 0 must not be there.
#include <cprof/pprof.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS = 16384, BLOCK_BYTES = 4 << 10 };

static void *volatile sink;

#define PHASE(name) \
	static __attribute__((noinline)) void name(void) \
	{ \
		for (int i = 0; i < BLOCKS; i++) \
			sink = malloc(BLOCK_BYTES); \
	}
PHASE(at_64k)
PHASE(at_1)
PHASE(at_0)
PHASE(at_16k)
PHASE(at_1_again)

int main(int argc, char **argv)
{
	static const struct {
		int64_t rate_bytes;
		void (*work)(void);
	} phases[] = {{64 << 10, at_64k}, {1, at_1}, {0, at_0}, {16 << 10, at_16k}, {1, at_1_again}};
	int rc = argc > 1 ? 0 : -1;
	for (int i = 0; i < 5 && rc == 0; i++) {
		// Many changes: the rate a sample was taken at is not forgotten over them.
		for (int k = 0; k < 200 && rc == 0; k++)
			rc = cprof_set_mem_profile_rate(100000 + k % 100);
		if (rc == 0)
			rc = cprof_set_mem_profile_rate(phases[i].rate_bytes);
		phases[i].work();
	}
	if (rc == 0)
		rc = cprof_write_heap_profile(cprof_to_path(argv[1]));
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	return rc != 0;
}
