// SPDX-License-Identifier: MIT
// See readings.h.
#include "tool/perfdata/readings.h"

#include "base/hash.h"

static struct reading *find(struct readings *r, uint64_t hash, uint64_t id, uint32_t tid)
{
	struct hash_probe probe = hash_index_probe(&r->by_counter, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (r->items[i].id == id && r->items[i].tid == tid)
			return &r->items[i];
	return NULL;
}

uint64_t readings_advance(struct readings *r, struct arena *a, uint64_t id, uint32_t tid, uint64_t value)
{
	uint64_t hash = hash_mix(id, tid);
	struct reading *known = find(r, hash, id, tid);
	if (!known) {
		r->items = arena_make_room(a, r->items, r->n, &r->cap, sizeof *r->items);
		hash_index_add(&r->by_counter, hash, r->n);
		known = &r->items[r->n++];
		*known = (struct reading){.id = id, .tid = tid};
	}
	// A new thread of an old one's number begins at zero.
	uint64_t since = value < known->value ? value : value - known->value;
	known->value = value;
	return since;
}

void readings_deinit(struct readings *r)
{
	hash_index_deinit(&r->by_counter);
}
