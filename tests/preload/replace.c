// SPDX-License-Identifier: MIT
// replace N: has N children, each of which blocks signals while it is made and lets them through then, as perl does,
// works for some milliseconds, and becomes a program that ends at once; with arguments and memory that keep the kernel
// busy meanwhile. Prints how many of them a signal ended.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS = 12, ARGUMENT_BYTES = 100 << 10, MEMORY_BYTES = 32 << 20, WORK_US = 2000, WORKS = 16, STEP_US = 400 };

static long now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void become_true(long work_us)
{
	static char argument[ARGUMENT_BYTES];
	char name[] = "true", *arguments[ARGUMENTS + 2] = {name};
	long until_us = now_us() + work_us;
	memset(argument, 'x', sizeof(argument) - 1);
	for (int i = 1; i <= ARGUMENTS; i++)
		arguments[i] = argument;
	while (now_us() < until_us)
		;
	execv("/bin/true", arguments);
	_exit(1);
}

int main(int argc, char **argv)
{
	char *memory = malloc(MEMORY_BYTES);
	int nchildren = atoi(argv[1]), nkilled = 0;
	memset(memory, 1, MEMORY_BYTES);
	for (int i = 0; i < nchildren; i++) {
		sigset_t all, before;
		int status;
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, &before);
		pid_t child = fork();
		sigprocmask(SIG_SETMASK, &before, NULL);
		if (child == 0)
			become_true(WORK_US + i % WORKS * STEP_US);
		waitpid(child, &status, 0);
		nkilled += WIFSIGNALED(status);
	}
	printf("%d of %d\n", nkilled, nchildren);
	free(memory);
	return 0;
}
