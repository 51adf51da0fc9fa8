// SPDX-License-Identifier: MIT
// Work for the programs of tests/preload: CPU time of the calling thread, by its clock.
#ifndef TESTS_PRELOAD_BURN_H
#define TESTS_PRELOAD_BURN_H

#include <time.h>

__attribute__((noipa, noinline, unused)) static void burn(long ms)
{
	struct timespec now;
	long used_ms;
	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
		used_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	} while (used_ms < ms);
}

#endif
