// SPDX-License-Identifier: MIT
// Two threads that spin for some CPU time each and one that sleeps meanwhile; then what the kernel says they took.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { CPU_MS = 600 };

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void *spin(void *arg)
{
	pthread_setname_np(pthread_self(), "spinner");
	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < CPU_MS * 1000000ull)
		;
	return arg;
}

static void *doze(void *fd)
{
	char c;
	pthread_setname_np(pthread_self(), "sleeper");
	return read(*(int *)fd, &c, 1) < 0 ? fd : NULL;
}

int main(void)
{
	pthread_t spinners[2], sleeper;
	int fds[2];
	if (pipe(fds) != 0)
		return 1;
	uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	pthread_create(&sleeper, NULL, doze, &fds[0]);
	for (int i = 0; i < 2; i++)
		pthread_create(&spinners[i], NULL, spin, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(spinners[i], NULL);
	close(fds[1]);
	pthread_join(sleeper, NULL);
	uint64_t wall_ns = clock_ns(CLOCK_MONOTONIC) - start_ns;
	printf("%llu %llu\n", (unsigned long long)clock_ns(CLOCK_PROCESS_CPUTIME_ID), (unsigned long long)wall_ns);
	return 0;
}
