// SPDX-License-Identifier: MIT
// A program whose clock_gettime() is its own, as libfaketime's is: it stands still, and counts who asks. With a
// parameter it asks itself that often. Prints how often it was asked.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static _Atomic int nasked, nwaiting;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	*ts = (struct timespec){.tv_sec = 1000000000};
	nasked++;
	return 0;
}

static void *wait_for_it(void *arg)
{
	nwaiting++;
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	struct timespec now;
	for (int i = argc > 1 ? atoi(argv[1]) : 0; i > 0; i--)
		clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&lock);
	pthread_create(&thread, NULL, wait_for_it, NULL);
	while (!nwaiting)
		usleep(1000);
	usleep(100000);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	for (int i = 0; i < 1000; i++)
		free(malloc(1000));
	printf("%d\n", nasked);
}
