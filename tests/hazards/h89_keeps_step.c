// SPDX-License-Identifier: MIT
// Hazard 89: the program's rounds last one period of the sampler, which would meet all of them at one place. Three
// quarters of each are `early`: 40 to 99 % of the samples were, one run or another.
#include "workload.h"

#include <time.h>

WORK(early);
WORK(late);

enum { ROUNDS = 300 };

static double cpu_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	MUST(argc == 4);
	double period_ms = 1000 / atof(argv[2]);
	workload_start(argc, argv);
	double begin_ms = cpu_ms();
	for (int i = 0; i < ROUNDS; i++) {
		double round_ms = begin_ms + i * period_ms; // not where the last one came to end: that would drift
		early(round_ms + 0.75 * period_ms - cpu_ms());
		late(round_ms + period_ms - cpu_ms());
	}
	workload_stop();
	return 0;
}
