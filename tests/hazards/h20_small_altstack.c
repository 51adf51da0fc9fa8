// SPDX-License-Identifier: MIT
// Hazard 20: an alternate stack with room for a signal's frame and half a kilobyte. A tick that works on it must not
// write below it, where something of the application's is.
#include "workload.h"

#include <signal.h>

WORK(beside_it);

enum { BELOW_BYTES = 16 << 10, HANDLER_BYTES = 512, PAINT = 0x5a };

int main(int argc, char **argv)
{
	size_t nbytes = (size_t)sysconf(_SC_MINSIGSTKSZ) + HANDLER_BYTES;
	unsigned char *memory = malloc(BELOW_BYTES + nbytes);
	stack_t mine = {.ss_sp = memory + BELOW_BYTES, .ss_size = nbytes};
	MUST(memory);
	memset(memory, PAINT, BELOW_BYTES);
	MUST(sigaltstack(&mine, NULL) == 0);

	workload_start(argc, argv);
	beside_it(300);
	workload_stop();

	size_t nwhole = 0;
	while (nwhole < BELOW_BYTES && memory[nwhole] == PAINT)
		nwhole++;
	if (nwhole < BELOW_BYTES)
		fprintf(stderr, "the last %zu bytes below the stack were written to\n", BELOW_BYTES - nwhole);
	return nwhole < BELOW_BYTES;
}
