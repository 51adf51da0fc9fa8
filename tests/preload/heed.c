// SPDX-License-Identifier: MIT
// heed FUNCTION: lets signals in only while it waits in the function, and says on its standard output how many it had
// whenever that returns, until SIGTERM. It works in between.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "burn.h"

enum { WORK_MS = 2 };

static volatile sig_atomic_t nsignals, is_over;

static void on_signal(int sig)
{
	nsignals++;
	is_over |= sig == SIGTERM;
}

static void wait_in(const char *function, int epoll_fd)
{
	struct epoll_event event;
	sigset_t none;
	sigemptyset(&none);
	if (strcmp(function, "sigsuspend") == 0)
		sigsuspend(&none);
	else if (strcmp(function, "ppoll") == 0)
		ppoll(NULL, 0, NULL, &none);
	else if (strcmp(function, "pselect") == 0)
		pselect(0, NULL, NULL, NULL, NULL, &none);
	else
		epoll_pwait(epoll_fd, &event, 1, -1, &none);
}

int main(int argc, char **argv)
{
	sigset_t all;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGUSR1, on_signal);
	signal(SIGTERM, on_signal);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	for (long ms = WORK_MS; !is_over && argc > 1; ms += WORK_MS) {
		burn(ms);
		wait_in(argv[1], epoll_fd);
		printf("%d\n", (int)nsignals);
	}
	return 0;
}
