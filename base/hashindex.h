// SPDX-License-Identifier: MIT
// An open-addressing index over somebody's array: from a hash to the positions of the elements that have
// it. It stores no keys: the caller compares what it finds. A zeroed struct is an empty index.
//
//	struct hash_probe probe = hash_index_probe(index, hash);
//	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
//		if (equal(&array[i], key))
//			return i;
//	hash_index_add(index, hash, n);
#ifndef CPROF_BASE_HASHINDEX_H
#define CPROF_BASE_HASHINDEX_H

#include <stdint.h>

enum { HASH_INDEX_NONE = UINT32_MAX };

struct hash_index {
	uint64_t *slots; // half of the hash, and position + 1; 0: free
	uint32_t mask, n;
};

struct hash_probe {
	const struct hash_index *index;
	uint32_t at, tag;
};

void hash_index_deinit(struct hash_index *index);

/** Adds a position; equal ones stay. */
void hash_index_add(struct hash_index *index, uint64_t hash, uint32_t position);

/** Makes room for n positions, so that adding them does not grow it. */
void hash_index_reserve(struct hash_index *index, uint32_t n);

/** Gives an index copied by assignment slots of its own. */
void hash_index_own(struct hash_index *index);

static inline struct hash_probe hash_index_probe(const struct hash_index *index, uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	return (struct hash_probe){index, tag & index->mask, tag};
}

/** Asks for the memory a probe with this hash will read. */
static inline void hash_index_prefetch(const struct hash_index *index, uint64_t hash)
{
	if (index->slots)
		__builtin_prefetch(&index->slots[(uint32_t)(hash >> 32) & index->mask]);
}

/** The next position whose hash may be the one asked for; HASH_INDEX_NONE: no more. */
static inline uint32_t hash_index_next(struct hash_probe *probe)
{
	const struct hash_index *index = probe->index;
	if (!index->slots)
		return HASH_INDEX_NONE;
	for (uint64_t slot; (slot = index->slots[probe->at]);) {
		probe->at = (probe->at + 1) & index->mask;
		if ((uint32_t)(slot >> 32) == probe->tag)
			return (uint32_t)slot - 1;
	}
	return HASH_INDEX_NONE;
}

#endif
