// SPDX-License-Identifier: MIT
// Hazard 59: code of the vDSO has no file; its unwind rules are in memory alone.
#include "workload.h"

#include <time.h>

static struct work ask_clock_work = {.name = "ask_clock"};

KEPT static void ask_clock(double ms)
{
	struct timespec ts;
	int64_t before = thread_cpu_ns(), now = before;

	for (; now - before < (int64_t)(ms * 1e6); now = thread_cpu_ns()) {
		for (int i = 0; i < 2000; i++)
			clock_gettime(CLOCK_MONOTONIC, &ts);
	}
	ask_clock_work.ns += now - before;
}

int main(int argc, char **argv)
{
	work_register(&ask_clock_work);
	workload_start(argc, argv);
	ask_clock(500);
	workload_stop();
	return 0;
}
