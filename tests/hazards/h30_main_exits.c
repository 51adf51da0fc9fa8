// SPDX-License-Identifier: MIT
// Hazard 30: the main thread is gone (a zombie in /proc/self/task) while others work on, start new threads
// and stop the profile.
#include "workload.h"

WORK(busy);

static pthread_t main_thread;

static void *work(void *arg)
{
	busy(150);
	return arg;
}

static void *work_on(void *arg)
{
	pthread_join(main_thread, NULL);
	busy(100);
	for (int i = 0; i < 3; i++)
		join_thread(start_thread(work, NULL));
	workload_stop();
	exit(0);
}

int main(int argc, char **argv)
{
	main_thread = pthread_self();
	workload_start(argc, argv);
	start_thread(work_on, NULL);
	busy(50);
	pthread_exit(NULL);
}
