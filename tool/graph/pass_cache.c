// SPDX-License-Identifier: MIT
// See pass_cache.h. A few results in turn; the key's table is compared and not hashed: it is half a megabyte,
// and a pass saved is tens.
#include "tool/graph/pass_cache.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/mem.h"

enum { ENTRIES = 16, MAX_RESULT_BYTES = 16 << 20 };

struct entry {
	enum pass pass;
	char *selection;
	uint32_t value_index;
	bool mean;
	uint32_t *codes, *lists;
	uint32_t ncodes, nlists;
	void *result; // NULL: the entry is free
	size_t result_bytes;
};

struct pass_cache {
	struct entry entries[ENTRIES];
	uint32_t next; // to be overwritten
};

struct pass_cache *pass_cache_create(void)
{
	return mem_zeroed(1, sizeof(struct pass_cache));
}

static void entry_free(struct entry *e)
{
	free(e->selection);
	free(e->codes);
	free(e->lists);
	free(e->result);
	*e = (struct entry){0};
}

void pass_cache_destroy(struct pass_cache *cache)
{
	for (uint32_t i = 0; cache && i < ENTRIES; i++)
		entry_free(&cache->entries[i]);
	free(cache);
}

/* Which samples a pass is over: "" all; NULL where it is not known. */
static const char *selection_of(const struct profile *p)
{
	const unsigned samples = PROFILE_SAMPLES | PROFILE_LOCS;
	return (p->borrowed & samples) == samples ? "" : p->selection;
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

static bool is_equal(const struct entry *e, const struct pass_key *key)
{
	const struct graph_options *o = &key->graph->options;
	const struct frame_table *f = key->frames;
	return e->result && e->pass == key->pass && e->value_index == o->value_index && e->mean == o->mean &&
			!strcmp(e->selection, selection_of(key->graph->profile)) &&
			has_equal(e->codes, e->ncodes, f->codes, key->graph->profile->nlocations) &&
			has_equal(e->lists, e->nlists, f->lists, f->nlists);
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

void pass_cache_keep(const struct pass_key *key, const void *result, size_t bytes)
{
	struct pass_cache *cache = pass_cache_of(key);
	if (!cache || cancelled() || bytes > MAX_RESULT_BYTES)
		return;
	const struct frame_table *f = key->frames;
	const struct graph *g = key->graph;
	struct entry *e = &cache->entries[cache->next];
	cache->next = (cache->next + 1) % ENTRIES;
	entry_free(e);
	const char *selection = selection_of(g->profile);
	*e = (struct entry){key->pass, copy(selection, strlen(selection) + 1, 1),
			g->options.value_index, g->options.mean,
			copy(f->codes, g->profile->nlocations, sizeof(*f->codes)),
			copy(f->lists, f->nlists, sizeof(*f->lists)), g->profile->nlocations, f->nlists,
			copy(result, bytes, 1), bytes};
}
