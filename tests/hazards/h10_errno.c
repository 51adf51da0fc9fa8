// SPDX-License-Identifier: MIT
// Hazard 10: what a handler must leave as it was: errno, the flags, and the floating point registers.
#include "workload.h"

WORK(checked);

KEPT static double harmonic(int n)
{
	double sum[8] = {0};
	for (int i = 1; i < n; i += 8) {
		for (int j = 0; j < 8; j++)
			sum[j] += 1.0 / (i + j);
	}
	return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
}

int main(int argc, char **argv)
{
	volatile int n = 10000; // not to be computed once and for all
	double expected = harmonic(n);

	workload_start(argc, argv);
	int64_t until = thread_cpu_ns() + 500000000;
	while (thread_cpu_ns() < until) {
		errno = 4242;
		for (int i = 0; i < 200; i++)
			MUST(harmonic(n) == expected);
		MUST(errno == 4242);
		checked(0.1);
		MUST(errno == 4242);
	}
	workload_stop();
	return 0;
}
