// SPDX-License-Identifier: MIT
// Hazard 74: a loop that calls nobody. ThreadSanitizer's sigaction() kept its ticks back until it was over.
#include "workload.h"

enum { ROUNDS = 30000000 };

static struct work loop_work = {.name = "loop"};
static volatile double sum;

KEPT static void loop(void)
{
	for (int i = 0; i < ROUNDS; i++)
		sum += i;
}

int main(int argc, char **argv)
{
	work_register(&loop_work);
	workload_start(argc, argv);
	int64_t before = thread_cpu_ns();
	loop();
	loop_work.ns += thread_cpu_ns() - before;
	workload_stop();
	return 0;
}
