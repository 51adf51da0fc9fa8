// SPDX-License-Identifier: MIT
// See hashindex.h. Linear probing, at most three quarters full. Only the upper half of a hash is used, to find the
// place and to skip strangers: a slot keeps it, so that growing asks nobody for hashes again.
#include "hashindex.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { FIRST_SLOTS = 64 };

static uint32_t max_positions(uint32_t mask)
{
	return mask / 4 * 3;
}

void hash_index_deinit(struct hash_index *index)
{
	free(index->slots);
	*index = (struct hash_index){0};
}

static void place(struct hash_index *index, uint32_t at, uint64_t slot)
{
	while (index->slots[at & index->mask])
		at++;
	index->slots[at & index->mask] = slot;
}

static void grow(struct hash_index *index, size_t nslots)
{
	struct hash_index old = *index;
	// Written at once: a page that is read before it is written costs two faults.
	index->slots = mem_resize(NULL, nslots, sizeof(*index->slots));
	memset(index->slots, 0, nslots * sizeof(*index->slots));
	index->mask = (uint32_t)(nslots - 1);
	for (size_t i = 0; old.slots && i <= old.mask; i++) {
		if (old.slots[i])
			place(index, (uint32_t)(old.slots[i] >> 32), old.slots[i]);
	}
	free(old.slots);
}

void hash_index_reserve(struct hash_index *index, uint32_t n)
{
	size_t nslots = index->slots ? (size_t)index->mask + 1 : FIRST_SLOTS;
	while (max_positions((uint32_t)(nslots - 1)) < n && nslots <= UINT32_MAX / 2)
		nslots *= 2;
	if (!index->slots || nslots > (size_t)index->mask + 1)
		grow(index, nslots);
}

void hash_index_add(struct hash_index *index, uint64_t hash, uint32_t position)
{
	if (!index->slots || index->n >= max_positions(index->mask))
		grow(index, index->slots ? ((size_t)index->mask + 1) * 2 : FIRST_SLOTS);
	place(index, (uint32_t)(hash >> 32), hash >> 32 << 32 | (position + 1));
	index->n++;
}

void hash_index_own(struct hash_index *index)
{
	const uint64_t *shared = index->slots;
	if (!shared)
		return;
	size_t nslots = (size_t)index->mask + 1;
	index->slots = mem_resize(NULL, nslots, sizeof(*shared));
	memcpy(index->slots, shared, nslots * sizeof(*shared));
}
