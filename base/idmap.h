// SPDX-License-Identifier: MIT
// A map from 64-bit keys to 32-bit values, made for ids: while the keys are small and dense, as nearly
// every file's are, it is an array.
#ifndef CPROF_BASE_IDMAP_H
#define CPROF_BASE_IDMAP_H

#include <stdint.h>

#include "hash.h"

enum { IDMAP_NONE = UINT32_MAX };

struct idmap_slot {
	uint64_t key;
	uint32_t value; // IDMAP_NONE: free
};

struct idmap {
	uint32_t *dense; // [key]
	uint64_t ndense;
	struct idmap_slot *slots; // keys of ndense and more
	uint32_t nused, slots_mask;
};

/** A map for about `expected` keys. A zeroed struct is an empty map that may only be read and freed. */
void idmap_init(struct idmap *map, uint32_t expected);
void idmap_deinit(struct idmap *map);

/** Sets key's value, in place of an earlier one. */
void idmap_set(struct idmap *map, uint64_t key, uint32_t value);

static inline uint32_t idmap_get(const struct idmap *map, uint64_t key)
{
	if (key < map->ndense)
		return map->dense[key];
	if (!map->slots)
		return IDMAP_NONE;
	uint32_t at = (uint32_t)hash_u64(key) & map->slots_mask;
	while (map->slots[at].value != IDMAP_NONE && map->slots[at].key != key)
		at = (at + 1) & map->slots_mask;
	return map->slots[at].value;
}

#endif
