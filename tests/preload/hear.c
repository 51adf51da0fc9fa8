// SPDX-License-Identifier: MIT
// hear: says each signal it gets on its standard output, until SIGTERM.
#include <signal.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	sigset_t all;
	siginfo_t info;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	do {
		if (sigwaitinfo(&all, &info) < 0)
			continue;
		if (info.si_code == SI_QUEUE)
			printf("%d %d\n", info.si_signo, info.si_value.sival_int);
		else
			printf("%d\n", info.si_signo);
	} while (info.si_signo != SIGTERM);
	return 0;
}
