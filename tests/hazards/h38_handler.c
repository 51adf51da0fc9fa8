// SPDX-License-Identifier: MIT
// Hazard 38: a signal handler that allocates comes upon the profiler in the middle of its work. h38_bump.c is the
// malloc behind us, which allows that. What the handler allocates is recorded, or counted as lost.
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "heap_truth.h"

enum { SIGNALS = 3000, SIZE = 64 };

static struct truth in_main, in_handler;
static pthread_t main_thread;
static atomic_int handled;

static SITE void *main_allocates(void)
{
	return took(&in_main, malloc(SIZE), SIZE);
}

static SITE void *handler_allocates(void)
{
	return took(&in_handler, malloc(SIZE), SIZE);
}

static void handle(int sig)
{
	(void)sig;
	free(handler_allocates());
	gave(&in_handler, SIZE);
	handled++;
}

static void *send(void *arg)
{
	for (int i = 0; i < SIGNALS; i++) {
		int seen = handled;
		pthread_kill(main_thread, SIGUSR1);
		while (handled == seen)
			sched_yield();
	}
	return arg;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = handle, .sa_flags = SA_RESTART};
	pthread_t sender;
	main_thread = pthread_self();
	MUST(sigaction(SIGUSR1, &sa, NULL) == 0);
	MUST(pthread_create(&sender, NULL, send, NULL) == 0);
	while (handled < SIGNALS) {
		free(main_allocates());
		gave(&in_main, SIZE);
	}
	pthread_join(sender, NULL);
	say("leaf:main_allocates", &in_main);
	printf("or_lost handler_allocates %ld\n", in_handler.allocated);
	return 0;
}
