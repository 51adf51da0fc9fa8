// SPDX-License-Identifier: MIT
// Hazard 25: each POSIX timer takes one of the user's queued signals; with RLIMIT_SIGPENDING at 3 the
// fourth thread gets none. Nobody aborts: the rest is covered otherwise, or counted as missing.
#include "workload.h"

#include <sys/resource.h>

WORK(busy);

static void *work(void *arg)
{
	busy(150);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[8];

	MUST(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){3, 3}) == 0);
	workload_start(argc, argv);
	for (int i = 0; i < 8; i++)
		threads[i] = start_thread(work, NULL);
	for (int i = 0; i < 8; i++)
		join_thread(threads[i]);
	workload_stop();
	return 0;
}
