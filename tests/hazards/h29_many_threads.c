// SPDX-License-Identifier: MIT
// Hazard 29: five hundred threads, most of them asleep. Start and stop look at each; neither may take long.
#include "workload.h"

WORK(busy);

enum { IDLE = 500 };
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_at_gate(void *arg)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return arg;
}

int main(int argc, char **argv)
{
	static pthread_t threads[IDLE];

	pthread_mutex_lock(&gate);
	for (int i = 0; i < IDLE; i++)
		threads[i] = start_thread(wait_at_gate, NULL);
	int64_t before = monotonic_ns();
	workload_start(argc, argv);
	say("start_ns %lld", (long long)(monotonic_ns() - before));
	busy(2000); // beside it, what start and stop use of the CPU is little
	before = monotonic_ns();
	MUST(workload_stop_profile() == 0);
	say("stop_ns %lld", (long long)(monotonic_ns() - before));
	workload_print_truth();
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < IDLE; i++)
		join_thread(threads[i]);
	return 0;
}
