// SPDX-License-Identifier: MIT
// hear [fd]: says each signal it gets on its standard output, until SIGTERM. With "fd" it reads them from a descriptor.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void hear_by_descriptor(const sigset_t *all)
{
	struct signalfd_siginfo info;
	int fd = signalfd(-1, all, SFD_CLOEXEC);
	puts("ready");
	do {
		if (read(fd, &info, sizeof(info)) == sizeof(info))
			printf("%u\n", info.ssi_signo);
	} while (info.ssi_signo != SIGTERM);
}

int main(int argc, char **argv)
{
	sigset_t all;
	siginfo_t info;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1) {
		hear_by_descriptor(&all);
		return 0;
	}
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
