// SPDX-License-Identifier: MIT
// Hazard 21, 30: threads are born and die all the time, in every way there is: return, pthread_exit,
// cancellation, detached. A signal may come at any moment of it.
#include "workload.h"

#include <time.h>

WORK(lived);

enum { MAKERS = 3, EACH = 300 };
static _Atomic int alive;

static void *live(void *arg)
{
	intptr_t kind = (intptr_t)arg;
	lived(kind % 2 ? 0.1 : 0.7);
	if (kind == 2) {
		for (;;)
			nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL); // until cancelled
	}
	atomic_fetch_sub(&alive, 1);
	if (kind == 1)
		pthread_exit(NULL);
	return NULL;
}

static void *make(void *arg)
{
	for (intptr_t i = 0; i < EACH; i++) {
		atomic_fetch_add(&alive, 1);
		pthread_t t = start_thread(live, (void *)(i % 4));
		if (i % 4 == 3) {
			MUST(pthread_detach(t) == 0);
			continue;
		}
		if (i % 4 == 2) {
			MUST(pthread_cancel(t) == 0);
			atomic_fetch_sub(&alive, 1);
		}
		join_thread(t);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t makers[MAKERS];

	workload_start(argc, argv);
	for (int i = 0; i < MAKERS; i++)
		makers[i] = start_thread(make, NULL);
	for (int i = 0; i < MAKERS; i++)
		join_thread(makers[i]);
	while (alive > 0)
		usleep(1000);
	workload_stop();
	return 0;
}
