// SPDX-License-Identifier: MIT
// See pass_cache.h. A few results in turn; the key's table is compared and not hashed: it is half a megabyte,
// and a pass saved is tens.
#include "tool/graph/pass_cache.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "base/mem.h"

// Whether the thread may guess, or does. It is the thread that begins, and the main thread that forbids it.
enum guessing { GUESS_FORBIDDEN, GUESS_ALLOWED, GUESS_BEGUN };

enum { ENTRIES = 16, TOTALS = 4, MAX_RESULT_BYTES = 16 << 20, STACKS = 2, WARM_BYTES_A_SAMPLE = 96 };

struct table {
	uint32_t *codes, *lists;
	uint32_t ncodes, nlists;
};

struct entry {
	enum pass pass;
	char *selection;
	uint32_t value_index;
	bool mean;
	struct table table;
	void *result; // NULL: the entry is free
	size_t result_bytes;
};

struct total {
	uint32_t value_index;
	bool mean, is_known;
	int64_t total;
};

// What is large: of one granularity, and of another, for who goes to and fro.
struct known_stacks {
	struct table table;
	uint32_t nnodes;
	uint32_t value_index; // whose edges are worth knowing
	bool mean;
	struct node_stacks *stacks; // NULL where there are none for the table
	enum { STACKS_FREE, STACKS_DUE, STACKS_BEING_MADE, STACKS_KNOWN } state;
};

struct pass_cache {
	struct entry entries[ENTRIES];
	uint32_t next; // to be overwritten
	struct total totals[TOTALS];
	uint32_t next_total;
	const struct profile *base;
	struct known_stacks stacks[STACKS];
	uint32_t next_stacks;
	struct known_places places;
	pthread_t maker;
	bool has_maker; // not joined
	atomic_bool stop; // making stacks
	_Atomic(enum guessing) guessing;
	pass_cache_guess *guess;
	void *guess_arg;
};

struct pass_cache *pass_cache_create(const struct profile *base)
{
	struct pass_cache *cache = mem_zeroed(1, sizeof(*cache));
	cache->base = cache->places.base = base;
	return cache;
}

static void table_free(struct table *t)
{
	free(t->codes);
	free(t->lists);
}

static void entry_free(struct entry *e)
{
	free(e->selection);
	table_free(&e->table);
	free(e->result);
	*e = (struct entry){0};
}

// What the thread made is there for the main thread when that knows of its end; the thread itself, when it guesses,
// knows it before.
static void note_made(struct pass_cache *cache)
{
	for (uint32_t i = 0; i < STACKS; i++)
		if (cache->stacks[i].state == STACKS_BEING_MADE)
			cache->stacks[i].state = STACKS_KNOWN;
}

static void join(struct pass_cache *cache)
{
	if (!cache->has_maker)
		return;
	pthread_join(cache->maker, NULL);
	cache->has_maker = false;
	note_made(cache);
}

static void wait_for(struct pass_cache *cache, struct known_stacks *s)
{
	if (s->state == STACKS_BEING_MADE)
		join(cache);
}

static void stacks_free(struct pass_cache *cache, struct known_stacks *s)
{
	wait_for(cache, s);
	table_free(&s->table);
	node_stacks_destroy(s->stacks);
	*s = (struct known_stacks){0};
}

void pass_cache_destroy(struct pass_cache *cache)
{
	if (!cache)
		return;
	pass_cache_pause(cache);
	atomic_store(&cache->stop, true);
	join(cache);
	for (uint32_t i = 0; i < ENTRIES; i++)
		entry_free(&cache->entries[i]);
	for (uint32_t i = 0; i < STACKS; i++)
		stacks_free(cache, &cache->stacks[i]);
	known_places_free(&cache->places);
	free(cache);
}

struct known_places *pass_cache_places(struct pass_cache *cache)
{
	return &cache->places;
}

static bool has_borrowed_samples(const struct profile *p)
{
	const unsigned samples = PROFILE_SAMPLES | PROFILE_LOCS;
	return (p->borrowed & samples) == samples;
}

/* Which samples a pass is over: "" all, as they are; NULL where it is not known. */
static const char *selection_of(const struct profile *p)
{
	return has_borrowed_samples(p) && !p->hidden ? "" : p->selection;
}

static struct pass_cache *pass_cache_of(const struct pass_key *key)
{
	const struct profile *p = key->graph->profile;
	return selection_of(p) ? p->pass_cache : NULL;
}

static bool has_equal(const uint32_t *a, uint32_t na, const uint32_t *b, uint32_t nb)
{
	return na == nb && !memcmp(a, b, na * sizeof(*a));
}

static bool has_table(const struct table *t, const struct profile *p, const struct frame_table *f)
{
	return has_equal(t->codes, t->ncodes, f->codes, p->nlocations) &&
			has_equal(t->lists, t->nlists, f->lists, f->nlists);
}

static bool is_equal(const struct entry *e, const struct pass_key *key)
{
	const struct graph_options *o = &key->graph->options;
	return e->result && e->pass == key->pass && e->value_index == o->value_index && e->mean == o->mean &&
			!strcmp(e->selection, selection_of(key->graph->profile)) &&
			(!key->frames || has_table(&e->table, key->graph->profile, key->frames));
}

const void *pass_cache_find(const struct pass_key *key, size_t *bytes_out)
{
	const struct pass_cache *cache = pass_cache_of(key);
	for (uint32_t i = 0; cache && i < ENTRIES; i++) {
		if (!is_equal(&cache->entries[i], key))
			continue;
		*bytes_out = cache->entries[i].result_bytes;
		return cache->entries[i].result;
	}
	return NULL;
}

static void *copy(const void *from, size_t n, size_t size)
{
	void *to = mem_resize(NULL, n, size);
	if (n)
		memcpy(to, from, n * size);
	return to;
}

static struct table copy_table(const struct profile *p, const struct frame_table *f)
{
	return (struct table){copy(f->codes, p->nlocations, sizeof(*f->codes)),
			copy(f->lists, f->nlists, sizeof(*f->lists)), p->nlocations, f->nlists};
}

void pass_cache_keep(const struct pass_key *key, const void *result, size_t bytes)
{
	struct pass_cache *cache = pass_cache_of(key);
	if (!cache || cancelled() || bytes > MAX_RESULT_BYTES)
		return;
	const struct graph *g = key->graph;
	struct entry *e = &cache->entries[cache->next];
	cache->next = (cache->next + 1) % ENTRIES;
	entry_free(e);
	const char *selection = selection_of(g->profile);
	*e = (struct entry){key->pass, copy(selection, strlen(selection) + 1, 1), g->options.value_index,
			g->options.mean, key->frames ? copy_table(g->profile, key->frames) : (struct table){0},
			copy(result, bytes, 1), bytes};
}

static bool has_all_samples(const struct profile *p)
{
	return selection_of(p) && !*selection_of(p);
}

bool pass_cache_find_total(const struct profile *p, uint32_t value_index, bool mean, int64_t *total_out)
{
	const struct pass_cache *cache = has_all_samples(p) ? p->pass_cache : NULL;
	for (uint32_t i = 0; cache && i < TOTALS; i++) {
		const struct total *t = &cache->totals[i];
		if (!t->is_known || t->value_index != value_index || t->mean != mean)
			continue;
		*total_out = t->total;
		return true;
	}
	return false;
}

void pass_cache_keep_total(const struct profile *p, uint32_t value_index, bool mean, int64_t total)
{
	struct pass_cache *cache = has_all_samples(p) ? p->pass_cache : NULL;
	if (!cache)
		return;
	cache->totals[cache->next_total] = (struct total){value_index, mean, true, total};
	cache->next_total = (cache->next_total + 1) % TOTALS;
}

// Asked by a guess, all are made.
static bool are_being_made(struct pass_cache *cache, struct known_stacks *s)
{
	if (s->state == STACKS_BEING_MADE && cache->has_maker && pthread_tryjoin_np(cache->maker, NULL) == 0) {
		cache->has_maker = false;
		note_made(cache);
	}
	return s->state == STACKS_BEING_MADE;
}

const struct node_stacks *pass_cache_stacks(const struct graph *g)
{
	const struct profile *p = g->profile;
	struct pass_cache *cache = p->pass_cache;
	if (!cache || !(has_borrowed_samples(p) || p->kept))
		return NULL;
	for (uint32_t i = 0; i < STACKS; i++) {
		struct known_stacks *s = &cache->stacks[i];
		if (s->state == STACKS_FREE || !has_table(&s->table, p, g->frames))
			continue;
		return are_being_made(cache, s) ? NULL : s->stacks;
	}
	if (atomic_load(&cache->guessing) == GUESS_BEGUN)
		return NULL; // what is only guessed pushes out nothing that was asked for
	struct known_stacks *s = &cache->stacks[cache->next_stacks];
	cache->next_stacks = (cache->next_stacks + 1) % STACKS;
	stacks_free(cache, s);
	*s = (struct known_stacks){copy_table(p, g->frames), g->ninfos, g->options.value_index, g->options.mean, NULL,
			STACKS_DUE};
	return NULL;
}

const struct node_stacks *pass_cache_known_stacks(const struct profile *p, struct frame_table *frames_out)
{
	struct pass_cache *cache = p->pass_cache;
	for (uint32_t i = 0; cache && has_all_samples(p) && i < STACKS; i++) {
		struct known_stacks *s = &cache->stacks[i];
		if (s->state == STACKS_FREE || s->state == STACKS_DUE || are_being_made(cache, s) || !s->stacks)
			continue;
		*frames_out = (struct frame_table){.codes = s->table.codes, .lists = s->table.lists};
		return s->stacks;
	}
	return NULL;
}

static bool make_stacks(struct pass_cache *cache)
{
	bool has_made = false;
	for (uint32_t i = 0; i < STACKS; i++) {
		struct known_stacks *s = &cache->stacks[i];
		struct frame_table frames = {.codes = s->table.codes, .lists = s->table.lists};
		if (s->state != STACKS_BEING_MADE)
			continue;
		has_made = true;
		s->stacks = node_stacks_create(cache->base, &frames, s->nnodes, &cache->stop);
		if (s->stacks)
			node_stacks_link(s->stacks, s->value_index, s->mean, &cache->stop);
	}
	return has_made;
}

// The next command shall not have to wait for the memory it needs.
static void warm(const struct pass_cache *cache)
{
	if (!atomic_load(&cache->stop) && !cancelled())
		mem_warm((size_t)cache->base->nsamples * WARM_BYTES_A_SAMPLE);
}

static void *make(void *arg)
{
	struct pass_cache *cache = arg;
	enum guessing allowed = GUESS_ALLOWED;
	if (make_stacks(cache))
		warm(cache);
	if (atomic_compare_exchange_strong(&cache->guessing, &allowed, GUESS_BEGUN)) {
		note_made(cache);
		cache->guess(cache->guess_arg);
		warm(cache); // what it made took of that
	}
	return NULL;
}

void pass_cache_pause(struct pass_cache *cache)
{
	if (atomic_exchange(&cache->guessing, GUESS_FORBIDDEN) != GUESS_BEGUN)
		return;
	cancel_work(); // no report is being made that it could end
	join(cache);
	cancel_forget();
}

static void allow(struct pass_cache *cache, pass_cache_guess *guess, void *arg)
{
	if (!guess)
		return;
	cache->guess = guess;
	cache->guess_arg = arg;
	atomic_store(&cache->guessing, GUESS_ALLOWED);
}

void pass_cache_prepare(struct pass_cache *cache, pass_cache_guess *guess, void *arg)
{
	struct known_stacks *due = NULL;
	bool is_busy = false;
	for (uint32_t i = 0; i < STACKS; i++) {
		is_busy |= are_being_made(cache, &cache->stacks[i]);
		if (cache->stacks[i].state == STACKS_DUE)
			due = &cache->stacks[i];
	}
	if (is_busy) {
		allow(cache, guess, arg); // it may come too late: then after another report
		return;
	}
	if (!due && !guess)
		return;
	join(cache); // it has nothing left to do
	allow(cache, guess, arg);
	if (due)
		due->state = STACKS_BEING_MADE;
	sigset_t all, old;
	sigfillset(&all); // signals are for the thread that waits for the user
	pthread_sigmask(SIG_BLOCK, &all, &old);
	cache->has_maker = pthread_create(&cache->maker, NULL, make, cache) == 0;
	if (!cache->has_maker)
		note_made(cache);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}
