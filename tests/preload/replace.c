// SPDX-License-Identifier: MIT
// replace N: has N children, each of which blocks signals while it is made and lets them through then, as perl does,
// works for some milliseconds, and becomes a program that ends at once; with arguments and memory that keep the kernel
// busy meanwhile. Prints how many of them a signal ended. With "blocked" each blocks signals after a while, and the
// program it becomes, without us, lets them through.
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

static void work_for(long work_us)
{
	long until_us = now_us() + work_us;
	while (now_us() < until_us)
		;
}

static void become_true(long work_us)
{
	static char argument[ARGUMENT_BYTES];
	char name[] = "true", *arguments[ARGUMENTS + 2] = {name};
	memset(argument, 'x', sizeof(argument) - 1);
	for (int i = 1; i <= ARGUMENTS; i++)
		arguments[i] = argument;
	work_for(work_us);
	execv("/bin/true", arguments);
	_exit(1);
}

static void become_one_that_lets_in(const char *self, long work_us)
{
	char name[] = "replace", *arguments[] = {name, NULL}, *environment[] = {NULL};
	sigset_t all;
	sigfillset(&all);
	work_for(work_us); // ticks begin
	sigprocmask(SIG_SETMASK, &all, NULL);
	work_for(work_us);
	execve(self, arguments, environment);
	_exit(1);
}

static int let_in(void)
{
	sigset_t none;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return let_in();
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
		if (child == 0 && argc > 2)
			become_one_that_lets_in(argv[0], 10 * WORK_US);
		if (child == 0)
			become_true(WORK_US + i % WORKS * STEP_US);
		waitpid(child, &status, 0);
		nkilled += WIFSIGNALED(status);
	}
	printf("%d of %d\n", nkilled, nchildren);
	free(memory);
	return 0;
}
