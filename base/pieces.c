// SPDX-License-Identifier: MIT
// See pieces.h. A worker is at most one piece ahead of its turn, so memory is bounded by their number.
#include "pieces.h"

#include <pthread.h>
#include <unistd.h>

enum { MIN_PIECES_TO_SHARE = 3 }; // fewer are done before a thread has begun

struct team {
	const struct pieces *pieces;
	pthread_mutex_t lock;
	pthread_cond_t taken;
	uint32_t next_to_make, next_to_take; // under lock
	bool is_over;                        // under lock
};

struct member {
	struct team *team;
	void *worker;
};

uint32_t pieces_workers(uint32_t n)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (n < MIN_PIECES_TO_SHARE || processors < 2)
		return 1;
	return processors > PIECES_MAX_WORKERS ? PIECES_MAX_WORKERS : (uint32_t)processors;
}

static void *work(void *arg)
{
	const struct member *m = arg;
	struct team *t = m->team;
	const struct pieces *p = t->pieces;
	pthread_mutex_lock(&t->lock);
	while (t->next_to_make < p->n && !t->is_over) {
		uint32_t mine = t->next_to_make++;
		pthread_mutex_unlock(&t->lock);
		p->make(p->arg, m->worker, mine);
		pthread_mutex_lock(&t->lock);
		while (t->next_to_take != mine)
			pthread_cond_wait(&t->taken, &t->lock);
		bool is_wanted = !t->is_over;
		pthread_mutex_unlock(&t->lock);
		if (is_wanted)
			is_wanted = p->take(p->arg, m->worker, mine);
		pthread_mutex_lock(&t->lock);
		t->is_over |= !is_wanted;
		t->next_to_take++;
		pthread_cond_broadcast(&t->taken);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

void pieces_run(const struct pieces *p, void *workers, size_t worker_size, uint32_t nworkers)
{
	struct team team = {.pieces = p, .lock = PTHREAD_MUTEX_INITIALIZER, .taken = PTHREAD_COND_INITIALIZER};
	struct member members[PIECES_MAX_WORKERS];
	pthread_t threads[PIECES_MAX_WORKERS];
	uint32_t started = 1;
	for (uint32_t i = 0; i < nworkers; i++)
		members[i] = (struct member){&team, (char *)workers + i * worker_size};
	while (started < nworkers && !pthread_create(&threads[started], NULL, work, &members[started]))
		started++;
	work(&members[0]);
	for (uint32_t i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
}
