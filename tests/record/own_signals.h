// SPDX-License-Identifier: MIT
// Signals of the program's own, which end its waits whatever the profiler's do: for wall_waits.c and uring_waits.c.
#ifndef TESTS_RECORD_OWN_SIGNALS_H
#define TESTS_RECORD_OWN_SIGNALS_H

#include <signal.h>
#include <sys/time.h>
#include <time.h>

enum { ALARM_US = 10000, LATE_US = 300000 };

static inline void note(int sig)
{
}

/** A handler that does nothing, every ALARM_US; not any more. */
static inline void begin_alarms(void)
{
	struct itimerval often = {{.tv_usec = ALARM_US}, {.tv_usec = ALARM_US}};
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = note, .sa_flags = SA_RESTART}, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static inline void end_alarms(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){{0}, {0}}, NULL);
}

static volatile sig_atomic_t has_come, nmissed;

static inline void note_once(int signo)
{
	nmissed += signo == SIGALRM; // too late for all
	has_come = 1;
}

/**
 * A signal in 50 to 450 us, a wait without end for it; and how many had none but a much later one. nwork: turns of work
 * behind each, some of which ticks come, often at the begin of the next wait.
 */
static inline int end_by_one(void (*wait)(void), int nrounds, int nwork)
{
	struct itimerval late = {{0}, {.tv_usec = LATE_US}};
	unsigned random = 1;
	timer_t timer;
	timer_create(CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1}, &timer);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = note_once}, NULL);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = note_once}, NULL);
	for (int i = 0; i < nrounds; i++) {
		random = random * 1103515245 + 12345;
		has_come = 0;
		setitimer(ITIMER_REAL, &late, NULL);
		timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = 50000 + (random >> 8) % 400000}, NULL);
		while (!has_come)
			wait();
		for (volatile int work = 0; work < nwork; work++)
			;
	}
	end_alarms();
	timer_delete(timer);
	return nmissed;
}

#endif
