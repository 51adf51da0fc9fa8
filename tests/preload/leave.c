// SPDX-License-Identifier: MIT
// leave HOW MS: uses MS of CPU time, then ends in one of the ways a process can end.
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"
#include "raw_exit.h"

enum { STATUS = 7 };

static void exit_in_handler(int sig)
{
	_exit(STATUS);
}

static void *exit_in_thread(void *arg)
{
	exit(STATUS);
}

/** What a failed exec in a vfork child does: _exit in its parent's memory. */
static void vfork_and_exit(void)
{
	int status = 0;
	pid_t pid = vfork();
	if (pid == 0)
		_exit(1);
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) != 1)
		abort();
}

static int leave(const char *how)
{
	if (strcmp(how, "return") == 0)
		return STATUS;
	if (strcmp(how, "exit") == 0)
		exit(STATUS);
	if (strcmp(how, "_exit") == 0)
		_exit(STATUS);
	if (strcmp(how, "_Exit") == 0)
		_Exit(STATUS);
	if (strcmp(how, "quick_exit") == 0)
		quick_exit(STATUS);
	if (strcmp(how, "exit_group") == 0)
		raw_exit_group(STATUS);
	if (strcmp(how, "syscall") == 0)
		syscall(SYS_exit_group, STATUS);
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "segv") == 0)
		*(volatile int *)(uintptr_t)atoi(how) = 1; // 0, which the compiler does not know
	if (strcmp(how, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(how, "term") == 0)
		kill(getpid(), SIGTERM);
	if (strcmp(how, "prof") == 0)
		kill(getpid(), SIGPROF);
	if (strcmp(how, "daemon") == 0)
		return daemon(1, 1) ? 98 : STATUS; // the child's, for which nobody waits
	if (strcmp(how, "handler") == 0) {
		signal(SIGTERM, exit_in_handler);
		raise(SIGTERM);
	}
	if (strcmp(how, "thread") == 0) {
		pthread_t t;
		pthread_create(&t, NULL, exit_in_thread, NULL);
		pthread_exit(NULL);
	}
	if (strcmp(how, "setuid") == 0) // glibc asks every thread, ours too, and waits
		return setgid(getgid()) || setuid(getuid()) ? 98 : STATUS;
	if (strcmp(how, "vfork") == 0) {
		vfork_and_exit();
		return STATUS;
	}
	fprintf(stderr, "leave: %s?\n", how);
	return 99;
}

int main(int argc, char **argv)
{
	burn(atoi(argv[2]));
	return leave(argv[1]);
}
