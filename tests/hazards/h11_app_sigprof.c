// SPDX-License-Identifier: MIT
// Hazard 8, 11: the application uses SIGPROF itself. h11_app_sigprof OUT HZ ENGINE before|after: it installs
// its handler before, or after, the profile starts, and sends itself SIGPROF. Its handler gets those and
// no other, with their value, and what it asks sigaction for is its own handler; and the profile is right.
// Before: exactly those. After: we have the signal too, and of two that are pending at once the kernel
// keeps one, whoever sent them.
#include "workload.h"

#include <signal.h>

WORK(busy);

enum { SENT = 200 };
static _Atomic int got;

static void on_prof(int sig, siginfo_t *info, void *context)
{
	if (info->si_code == SI_QUEUE && info->si_value.sival_int == 77)
		got++;
	else
		workload_fail(__FILE__, __LINE__, "a SIGPROF of the application's own");
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_sigaction = on_prof, .sa_flags = SA_SIGINFO}, now;

	MUST(argc == 5);
	bool before = !strcmp(argv[4], "before");
	if (before)
		MUST(sigaction(SIGPROF, &sa, NULL) == 0);
	workload_start(argc, argv);
	if (!before)
		MUST(sigaction(SIGPROF, &sa, NULL) == 0);
	for (int i = 0; i < SENT; i++) {
		busy(2);
		MUST(pthread_sigqueue(pthread_self(), SIGPROF, (union sigval){.sival_int = 77}) == 0);
	}
	MUST(sigaction(SIGPROF, NULL, &now) == 0);
	MUST(now.sa_sigaction == on_prof);
	workload_stop();
	MUST(got <= SENT && got >= (before ? SENT : SENT * 8 / 10));
	int so_far = got;
	MUST(pthread_sigqueue(pthread_self(), SIGPROF, (union sigval){.sival_int = 77}) == 0);
	MUST(got == so_far + 1);
	return 0;
}
