// SPDX-License-Identifier: MIT
// threads_exec: a signal handler calls exec, which fails, again and again on the thread that asks all others for their
// stacks. Prints nothing; hangs if exec waits for what it has interrupted.
#include <cprof/pprof.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"

enum { NRUNNING = 4, NDUMPS = 50, PERIOD_NS = 200000 };

static volatile sig_atomic_t nexecs;

static void exec_nothing(int sig)
{
	(void)sig;
	nexecs++;
	execl("/nonexistent", "nonexistent", (char *)NULL);
}

/** Not asleep: it is asked by a signal. */
static void *run(void *arg)
{
	for (;;)
		__asm__ volatile("");
	return arg;
}

int main(void)
{
	struct sigaction action = {.sa_handler = exec_nothing, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	const struct itimerspec period = {{0, PERIOD_NS}, {0, PERIOD_NS}};
	timer_t timer;
	pthread_t t;
	for (int i = 0; i < NRUNNING; i++)
		pthread_create(&t, NULL, run, NULL);
	event._sigev_un._tid = gettid();
	sigaction(SIGUSR1, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &period, NULL) != 0)
		return 1;
	for (int dumps = 0; dumps < NDUMPS || nexecs < NDUMPS; dumps++) {
		char *text = profile_text(cprof_lookup("threads"), 1);
		if (!text)
			return 1;
		free(text);
	}
	return 0;
}
