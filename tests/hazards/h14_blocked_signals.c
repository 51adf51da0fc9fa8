// SPDX-License-Identifier: MIT
// Hazard 14: a thread that blocks all signals, as many libraries' helpers do, and rsyslog's and unbound's workers, of
// which there were no stacks. It means the program's. One that asks for the mask there was, to set it again, means all
// of them: it gets no samples, but its time is not nothing: the sum must have it, or the profile say that a thread is
// missing.
// h14_blocked_signals OUT HZ ENGINE inherited|itself|section
#include "workload.h"

#include <signal.h>

WORK(in_the_open);
WORK(with_signals_blocked);

static void *work_blocked(void *arg)
{
	const char *how = arg;
	sigset_t all, inner, old;
	sigfillset(&all);
	if (!strcmp(how, "itself"))
		MUST(pthread_sigmask(SIG_SETMASK, &all, NULL) == 0);
	if (!strcmp(how, "section")) {
		MUST(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
		MUST(pthread_sigmask(SIG_BLOCK, &all, &inner) == 0);
		MUST(pthread_sigmask(SIG_SETMASK, &inner, NULL) == 0); // back to the outer one
		MUST(pthread_sigmask(SIG_SETMASK, NULL, &inner) == 0 && sigismember(&inner, SIGPROF) == 1);
	}
	with_signals_blocked(500);
	return NULL;
}

int main(int argc, char **argv)
{
	sigset_t all, old;

	MUST(argc == 5);
	bool inherited = !strcmp(argv[4], "inherited");
	sigfillset(&all);
	workload_start(argc, argv);
	if (inherited)
		MUST(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
	pthread_t t = start_thread(work_blocked, argv[4]);
	if (inherited)
		MUST(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	in_the_open(500);
	join_thread(t);
	workload_stop();
	return 0;
}
