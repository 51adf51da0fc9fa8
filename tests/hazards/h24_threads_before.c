// SPDX-License-Identifier: MIT
// Hazard 24: threads that were there before the profile started are in it, from its start.
#include "workload.h"

WORK(since_before);

static _Atomic bool go, done;

static void *work(void *arg)
{
	while (!go)
		usleep(1000);
	while (!done)
		since_before(1);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		threads[i] = start_thread(work, NULL);
	workload_start(argc, argv);
	go = true;
	usleep(500000);
	done = true;
	for (int i = 0; i < 4; i++)
		join_thread(threads[i]);
	workload_stop();
	return 0;
}
