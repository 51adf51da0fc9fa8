// SPDX-License-Identifier: MIT
// masked MS: as Ruby forks: all signals are blocked, and the child lets them in again a moment later. It uses MS of CPU
// time.
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

int main(int argc, char **argv)
{
	sigset_t all, before;
	int status = 1;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		usleep(2000);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid == 0) {
		burn(argc > 1 ? atoi(argv[1]) : 0);
		exit(0);
	}
	waitpid(pid, &status, 0);
	return status != 0;
}
