// SPDX-License-Identifier: MIT
// Hazard 14: a thread that blocks all signals, as many libraries' helpers do. It gets no samples, but its
// time is not nothing: the sum must have it, or the profile say that a thread is missing.
// h14_blocked_signals OUT HZ ENGINE inherited|itself
#include "workload.h"

#include <signal.h>

WORK(in_the_open);
WORK(with_signals_blocked);

static void *work_blocked(void *arg)
{
	sigset_t all;
	sigfillset(&all);
	if (arg)
		MUST(pthread_sigmask(SIG_SETMASK, &all, NULL) == 0);
	with_signals_blocked(500);
	return NULL;
}

int main(int argc, char **argv)
{
	sigset_t all, old;

	MUST(argc == 5);
	bool itself = !strcmp(argv[4], "itself");
	sigfillset(&all);
	workload_start(argc, argv);
	if (!itself)
		MUST(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
	pthread_t t = start_thread(work_blocked, itself ? &all : NULL);
	if (!itself)
		MUST(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	in_the_open(500);
	join_thread(t);
	workload_stop();
	return 0;
}
