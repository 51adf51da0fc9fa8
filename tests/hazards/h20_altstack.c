// SPDX-License-Identifier: MIT
// Hazard 20, 59: the application has a stack for its signals and works on it. Samples taken there go
// through the signal frame to what was interrupted, and the alternate stack stays the application's.
#include "workload.h"

#include <signal.h>

WORK(in_handler);

enum { STACK_BYTES = 64 << 10 };

static void on_usr1(int sig)
{
	in_handler(25);
}

KEPT static void interrupted(void)
{
	raise(SIGUSR1);
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	static char stack[STACK_BYTES];
	stack_t mine = {.ss_sp = stack, .ss_size = sizeof(stack)}, now;
	struct sigaction sa = {.sa_handler = on_usr1, .sa_flags = SA_ONSTACK};

	MUST(sigaltstack(&mine, NULL) == 0);
	MUST(sigaction(SIGUSR1, &sa, NULL) == 0);
	workload_start(argc, argv);
	for (int i = 0; i < 20; i++)
		interrupted();
	workload_stop();
	MUST(sigaltstack(NULL, &now) == 0);
	MUST(now.ss_sp == stack && now.ss_size == sizeof(stack));
	return 0;
}
