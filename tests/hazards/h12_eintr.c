// SPDX-License-Identifier: MIT
// Hazard 12: SA_RESTART does not restart poll, select, nanosleep and others, and many programs take EINTR
// for an error. Threads that wait use no CPU time, so no signal of ours may reach them. (One that comes
// on the way to sleep or back from it, where the kernel works for the thread, makes the call end so. Those that
// we stand in for go on then, see tests/record/wall_waits.c; sem_timedwait and recv do not: it is not counted here.)
#include "workload.h"

#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>

WORK(busy);
WORK(before_waiting);

enum { WAIT_MS = 400, ON_THE_WAY_MS = 30 };
static _Atomic int interrupted;

static _Thread_local int64_t asleep_since;

static void fall_asleep(void)
{
	before_waiting(5);
	asleep_since = monotonic_ns();
}

static void expect(const char *call, bool ok)
{
	if (ok || errno != EINTR)
		return;
	int64_t slept_ms = (monotonic_ns() - asleep_since) / 1000000;
	say("interrupted %s after %lld ms", call, (long long)slept_ms);
	if (slept_ms > ON_THE_WAY_MS && slept_ms < WAIT_MS - ON_THE_WAY_MS)
		interrupted++;
}

static void *wait_in_poll(void *arg)
{
	fall_asleep();
	expect("poll", poll(NULL, 0, WAIT_MS) == 0);
	return arg;
}

static void *wait_in_nanosleep(void *arg)
{
	fall_asleep();
	expect("nanosleep", nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL) == 0);
	return arg;
}

static void *wait_in_select(void *arg)
{
	fall_asleep();
	expect("select", select(0, NULL, NULL, NULL, &(struct timeval){.tv_usec = WAIT_MS * 1000}) == 0);
	return arg;
}

static void *wait_in_epoll(void *arg)
{
	struct epoll_event event;
	int fd = epoll_create1(EPOLL_CLOEXEC);
	fall_asleep();
	expect("epoll_wait", epoll_wait(fd, &event, 1, WAIT_MS) == 0);
	close(fd);
	return arg;
}

static void *wait_in_sem(void *arg)
{
	sem_t sem;
	struct timespec until;
	sem_init(&sem, 0, 0);
	fall_asleep();
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	expect("sem_timedwait", sem_timedwait(&sem, &until) == -1 && errno == ETIMEDOUT);
	return arg;
}

static void *wait_in_recv(void *arg)
{
	int pair[2];
	char byte;
	struct timeval timeout = {.tv_usec = WAIT_MS * 1000};
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	MUST(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0);
	fall_asleep();
	expect("recv", recv(pair[0], &byte, 1, 0) == -1 && errno == EAGAIN);
	close(pair[0]);
	close(pair[1]);
	return arg;
}

int main(int argc, char **argv)
{
	static void *(*const waits[])(void *) = {wait_in_poll, wait_in_nanosleep, wait_in_select,
			wait_in_epoll, wait_in_sem, wait_in_recv};
	enum { N = sizeof(waits) / sizeof(waits[0]) };
	pthread_t threads[N];

	workload_start(argc, argv);
	for (int i = 0; i < N; i++)
		threads[i] = start_thread(waits[i], NULL);
	busy(WAIT_MS);
	for (int i = 0; i < N; i++)
		join_thread(threads[i]);
	workload_stop();
	MUST(interrupted == 0);
	return 0;
}
