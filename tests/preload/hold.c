// SPDX-License-Identifier: MIT
// hold HOW: allocates 300 blocks of 10000 bytes that it keeps (but for "clean") and 700 that it frees, then returns,
// calls _exit (from where there is little stack, or with a cancellation waiting), or forks a child that keeps 100
// more.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 10000, KEPT = 300, DROPPED = 700, CHILDS = 100 };

static void *volatile block; // so that the compiler leaves malloc and free alone

__attribute__((noipa)) static void keep(int n)
{
	while (n-- > 0)
		block = malloc(BYTES);
}

__attribute__((noipa)) static void drop(int n)
{
	while (n-- > 0) {
		block = malloc(BYTES);
		free(block);
	}
}

static void exit_in_handler(int sig)
{
	_exit(0);
}

/** 8 KiB behind a page that cannot be written: what a smaller stack overflows into. */
static void exit_on_small_stack(void)
{
	enum { GUARD = 4096, SMALL = 8192 };
	char *pages = mmap(NULL, GUARD + SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages, GUARD, PROT_NONE) != 0)
		abort();
	stack_t stack = {.ss_sp = pages + GUARD, .ss_size = SMALL};
	struct sigaction action = {.sa_handler = exit_in_handler, .sa_flags = SA_ONSTACK};
	sigaltstack(&stack, NULL);
	sigaction(SIGTERM, &action, NULL);
	raise(SIGTERM);
}

/** _exit is no cancellation point. */
static void *exit_cancelled(void *arg)
{
	pthread_cancel(pthread_self());
	_exit(0);
}

static void *return_at_once(void *arg)
{
	return arg;
}

int main(int argc, char **argv)
{
	if (strcmp(argv[1], "clean") != 0)
		keep(KEPT);
	drop(DROPPED);
	if (strcmp(argv[1], "_exit") == 0)
		_exit(0);
	if (strcmp(argv[1], "small") == 0)
		exit_on_small_stack();
	pthread_t thread;
	if (strcmp(argv[1], "clean") == 0) { // libc keeps the thread's stack, with what belongs to it
		pthread_create(&thread, NULL, return_at_once, NULL);
		pthread_join(thread, NULL);
	}
	if (strcmp(argv[1], "cancelled") == 0) {
		pthread_create(&thread, NULL, exit_cancelled, NULL);
		pthread_join(thread, NULL);
		return 98;
	}
	if (strcmp(argv[1], "fork") == 0 && fork() == 0) {
		keep(CHILDS);
		return 0;
	}
	wait(NULL);
	return 0;
}
