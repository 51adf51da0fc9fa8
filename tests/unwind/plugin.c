// SPDX-License-Identifier: MIT
// A library that comes and goes. Its destructor takes its time, so that signals find dlclose at work.
#include <time.h>

int plugin_answer(int (*ask)(int), int n);
static volatile int spent;

int plugin_answer(int (*ask)(int), int n)
{
	int answer = ask(n);
	spent++;
	return answer + 1;
}

__attribute__((destructor)) static void leave(void)
{
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		spent++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < 200000);
}
