// SPDX-License-Identifier: MIT
// wall_waits DIR [cpu]: short waits while the wall-clock profile asks, or perf ticks often, and finds the thread on its
// way to sleep now and then. poll() and its kin end at any signal, SA_RESTART or not, and programs whose handlers never
// run take EINTR for an error: of ours they must see none, and wait for as long as they said. Their own signals still
// end them, also where one comes at about the same time as ours, and never again. On stdout: the waits, those with
// EINTR, those that were too short; those that its own signals ended, of how many; those that missed the only one.
//
// A program that had a handler for anything was told EINTR by every signal of ours that found it there: so each program
// in Rust, which has one for SIGSEGV, and MariaDB, which lost one in 1,000 connections to the wall clock.
#include <cprof/profile.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "own_signals.h"

enum { WAIT_NS = 1000000, WAIT_MS = 1, WAIT_US = 1000, LONG_S = 100, ROUNDS = 250, NENDS = 5,
	ONCE_ROUNDS = 3000, WORK = 2000 };

static int epoll_fd;

// Each waits for `s` seconds, or for WAIT_NS where that is 0. The result is 0, unless a signal ended it.

static struct timespec time_of(int s)
{
	return (struct timespec){s, s ? 0 : WAIT_NS};
}

static int by_poll(int s)
{
	return poll(NULL, 0, s ? s * 1000 : WAIT_MS);
}

static int by_ppoll(int s)
{
	struct timespec time = time_of(s);
	return ppoll(NULL, 0, &time, NULL);
}

static int by_select(int s)
{
	struct timeval time = {s, s ? 0 : WAIT_US};
	return select(0, NULL, NULL, NULL, &time);
}

static int by_pselect(int s)
{
	struct timespec time = time_of(s);
	return pselect(0, NULL, NULL, NULL, &time, NULL);
}

static int by_epoll_wait(int s)
{
	struct epoll_event event;
	return epoll_wait(epoll_fd, &event, 1, s ? s * 1000 : WAIT_MS);
}

static int by_epoll_pwait(int s)
{
	struct epoll_event event;
	return epoll_pwait(epoll_fd, &event, 1, s ? s * 1000 : WAIT_MS, NULL);
}

static int by_nanosleep(int s)
{
	struct timespec time = time_of(s);
	return nanosleep(&time, NULL);
}

static int by_clock_nanosleep(int s)
{
	struct timespec time = time_of(s);
	errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
	return errno ? -1 : 0;
}

static int by_usleep(int s)
{
	return usleep(s ? s * 1000000u : WAIT_US);
}

static int (*const waits[])(int) = {by_poll, by_ppoll, by_select, by_pselect, by_epoll_wait, by_epoll_pwait,
		by_nanosleep, by_clock_nanosleep, by_usleep};
enum { NWAITS = sizeof(waits) / sizeof(waits[0]) };

static long long now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static __attribute__((noinline)) int end_by_alarms(void)
{
	struct timespec left = {0};
	int nended = 0;
	begin_alarms();
	for (int i = 0; i < NENDS * NWAITS; i++)
		nended += waits[i % NWAITS](LONG_S) == -1 && errno == EINTR;
	for (int i = 0; i < NENDS; i++) {
		nended += sleep(LONG_S) >= LONG_S - 10;
		nended += nanosleep(&(struct timespec){LONG_S, 0}, &left) == -1 && left.tv_sec >= LONG_S - 10;
		nended += pause() == -1 && errno == EINTR;
	}
	end_alarms();
	return nended;
}

static void wait_for_ever(void)
{
	poll(NULL, 0, -1);
}

static int nwaits, ninterrupted, nshort;

static __attribute__((noinline)) void wait_often(void)
{
	for (int i = 0; i < ROUNDS * NWAITS; i++) {
		long long start_ns = now_ns();
		ninterrupted += waits[i % NWAITS](0) == -1 && errno == EINTR;
		nshort += now_ns() - start_ns < WAIT_NS;
	}
	nwaits += ROUNDS * NWAITS;
}

int main(int argc, char **argv)
{
	bool is_cpu = argc > 2;
	sigset_t usr2;
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int session = cprof_profile_start(&(struct cprof_profile_options){
			.modes = is_cpu ? CPROF_PROFILE_CPU : CPROF_PROFILE_WALL, .path = argv[1],
			.wall_rate_hz = 1000, .cpu_rate_hz = 4000, .quiet = true});
	wait_often();
	// Nor do handlers matter that cannot run here, or never will; but the ticks come too often for those.
	pthread_sigmask(SIG_BLOCK, &usr2, NULL);
	sigaction(SIGSEGV, &(struct sigaction){.sa_handler = note}, NULL);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = note}, NULL);
	wait_often();
	pthread_sigmask(SIG_UNBLOCK, &usr2, NULL);
	if (!is_cpu)
		wait_often();
	int nended = end_by_alarms(), nlost = end_by_one(wait_for_ever, ONCE_ROUNDS, WORK);
	cprof_profile_stop(session);
	printf("%d %d %d %d %d %d\n", nwaits, ninterrupted, nshort, nended, NENDS * (NWAITS + 3), nlost);
	return session > 0 ? 0 : 1;
}
