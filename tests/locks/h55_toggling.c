// SPDX-License-Identifier: MIT
// h55_toggling FILE.block FILE.mutex: locks that are released by another thread than took them (semaphores in
// all but name: glibc allows it), destroyed and freed at once after their release, and profiles switched on and
// off while threads wait. At the end nobody may be left as a waiter: a release then is charged nothing.
#include <cprof/pprof.h>

#include <stdlib.h>
#include <string.h>

#include "waiting.h"

enum { ROUNDS = 3000, TOGGLES = 400 };

struct handover {
	pthread_mutex_t mutex;
	_Atomic int users;
};

static _Atomic int is_over;

static void drop(struct handover *h)
{
	if (atomic_fetch_sub(&h->users, 1) == 1) {
		pthread_mutex_destroy(&h->mutex);
		memset(h, 0xff, sizeof(*h));
		free(h);
	}
}

static void *wait_for_it(void *arg)
{
	struct handover *h = arg;
	pthread_mutex_lock(&h->mutex);
	pthread_mutex_unlock(&h->mutex);
	drop(h);
	return NULL;
}

static void *release_it(void *arg)
{
	struct handover *h = arg;
	pthread_mutex_unlock(&h->mutex); // main took it
	drop(h);
	return NULL;
}

static void *toggle(void *arg)
{
	for (int i = 0; i < TOGGLES && !atomic_load(&is_over); i++) {
		cprof_set_block_profile_rate(i % 3);
		cprof_set_mutex_profile_fraction(i % 5);
		usleep(500);
	}
	return arg;
}

static __attribute__((noinline)) void release_for_nobody(pthread_mutex_t *m)
{
	pthread_mutex_lock(m);
	pthread_mutex_unlock(m);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	pthread_t toggler, threads[2];
	pthread_create(&toggler, NULL, toggle, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		struct handover *h = calloc(1, sizeof(*h));
		pthread_mutex_init(&h->mutex, NULL);
		atomic_store(&h->users, 2);
		pthread_mutex_lock(&h->mutex);
		pthread_create(&threads[0], NULL, wait_for_it, h);
		pthread_create(&threads[1], NULL, release_it, h);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
	}
	atomic_store(&is_over, 1);
	pthread_join(toggler, NULL);
	cprof_set_block_profile_rate(1);
	cprof_set_mutex_profile_fraction(1);
	static pthread_mutex_t many[8192];
	for (int i = 0; i < 8192; i++) // of every bucket there is
		release_for_nobody(&many[i]);
	return cprof_profile_write_to(cprof_lookup("block"), cprof_to_path(argv[1]), 0) != 0 ||
			cprof_profile_write_to(cprof_lookup("mutex"), cprof_to_path(argv[2]), 0) != 0;
}
