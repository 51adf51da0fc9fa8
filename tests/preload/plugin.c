// SPDX-License-Identifier: MIT
// What load.c and single.c open. With PLUGIN_HANGS its constructor never returns, and so dlopen does not.
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BURN_NS = 300000000 };

__attribute__((constructor)) static void construct(void)
{
	while (getenv("PLUGIN_HANGS"))
		pause();
}

void *plugin_keep(void);

void *plugin_keep(void)
{
	void *volatile block = malloc(4096); // no tail call: it is to be in the stack
	return block;
}

void plugin_burn(void);

/** Of the calling thread's CPU time; little of it in the kernel, which an ordinary user's perf events do not see. */
void plugin_burn(void)
{
	struct timespec start, now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < BURN_NS);
}
