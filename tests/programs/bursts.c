// SPDX-License-Identifier: MIT
// Short bursts with sleeps between: bursts OUT HZ ENGINE SECONDS. Half a millisecond of work every 3.7, in
// step with no tick, beside a thread that works without a pause. What a profiler must not do is to miss
// the bursts, or to count them double.
#include "workload.h"

#include <time.h>

WORK(burst);
WORK(steady);

static _Atomic bool done;

static void *work_steadily(void *arg)
{
	while (!done)
		steady(1);
	return arg;
}

int main(int argc, char **argv)
{
	MUST(argc == 5);
	workload_start(argc, argv);
	int64_t until = monotonic_ns() + (int64_t)(atof(argv[4]) * 1e9);
	pthread_t t = start_thread(work_steadily, NULL);

	while (monotonic_ns() < until) {
		burst(0.5);
		nanosleep(&(struct timespec){.tv_nsec = 3200000}, NULL);
	}
	done = true;
	join_thread(t);
	workload_stop();
	return 0;
}
