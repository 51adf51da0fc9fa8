// SPDX-License-Identifier: MIT
// See pieces.h. The caller's thread makes pieces, too, but is the only one that takes: a signal that is to
// end the program's work finds it in the write() that waits, and not another thread. A worker makes its next
// piece when the last one is taken, so memory is bounded by their number.
#include "pieces.h"

#include <pthread.h>
#include <unistd.h>

struct member {
	struct team *team;
	void *worker;
	uint32_t piece; // under the team's lock
	bool is_made;   // and not yet taken; under the team's lock
};

struct team {
	const struct pieces *pieces;
	struct member members[PIECES_MAX_WORKERS]; // [0] is the caller's thread
	uint32_t nmembers;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t next_to_make, next_to_take; // under lock
	bool is_over;                        // under lock
};

uint32_t pieces_workers(uint32_t n, uint32_t n_to_share)
{
	if (n < n_to_share)
		return 1; // without asking: that reads a file
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (processors < 2)
		return 1;
	return processors > PIECES_MAX_WORKERS ? PIECES_MAX_WORKERS : (uint32_t)processors;
}

/* Under lock, which it lets go meanwhile. */
static void make_next(struct member *m)
{
	struct team *t = m->team;
	m->piece = t->next_to_make++;
	pthread_mutex_unlock(&t->lock);
	t->pieces->make(t->pieces->arg, m->worker, m->piece);
	pthread_mutex_lock(&t->lock);
	m->is_made = true;
	pthread_cond_broadcast(&t->changed);
}

/* The same. */
static void take_from(struct member *m)
{
	struct team *t = m->team;
	pthread_mutex_unlock(&t->lock);
	bool is_wanted = t->pieces->take(t->pieces->arg, m->worker, m->piece);
	pthread_mutex_lock(&t->lock);
	m->is_made = false;
	t->next_to_take++;
	t->is_over |= !is_wanted;
	pthread_cond_broadcast(&t->changed);
}

static void *help(void *arg)
{
	struct member *m = arg;
	struct team *t = m->team;
	pthread_mutex_lock(&t->lock);
	while (t->next_to_make < t->pieces->n && !t->is_over) {
		make_next(m);
		while (m->is_made && !t->is_over)
			pthread_cond_wait(&t->changed, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* Who has the piece that is to be taken now; NULL: it is not made yet. */
static struct member *with_next(struct team *t)
{
	for (uint32_t i = 0; i < t->nmembers; i++)
		if (t->members[i].is_made && t->members[i].piece == t->next_to_take)
			return &t->members[i];
	return NULL;
}

static void lead(struct team *t)
{
	pthread_mutex_lock(&t->lock);
	while (t->next_to_take < t->pieces->n && !t->is_over) {
		struct member *next = with_next(t);
		if (next)
			take_from(next);
		else if (!t->members[0].is_made && t->next_to_make < t->pieces->n)
			make_next(&t->members[0]);
		else
			pthread_cond_wait(&t->changed, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
}

void pieces_run(const struct pieces *p, void *workers, size_t worker_size, uint32_t nworkers)
{
	struct team team = {.pieces = p, .nmembers = nworkers, .lock = PTHREAD_MUTEX_INITIALIZER,
			.changed = PTHREAD_COND_INITIALIZER};
	pthread_t threads[PIECES_MAX_WORKERS];
	uint32_t started = 1;
	for (uint32_t i = 0; i < nworkers; i++)
		team.members[i] = (struct member){.team = &team, .worker = (char *)workers + i * worker_size};
	while (started < nworkers && !pthread_create(&threads[started], NULL, help, &team.members[started]))
		started++;
	lead(&team);
	for (uint32_t i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
}
