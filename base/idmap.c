// SPDX-License-Identifier: MIT
// See idmap.h. Open addressing with linear probing, at most half full.
#include "idmap.h"

#include <stdlib.h>

#include "mem.h"

void idmap_init(struct idmap *map, uint32_t expected)
{
	*map = (struct idmap){.ndense = (uint64_t)expected * 2 + 64};
	map->dense = mem_resize(NULL, map->ndense, sizeof(*map->dense));
	memset(map->dense, 0xff, map->ndense * sizeof(*map->dense));
}

void idmap_deinit(struct idmap *map)
{
	free(map->dense);
	free(map->slots);
	*map = (struct idmap){0};
}

static void idmap_rehash(struct idmap *map, uint32_t nslots)
{
	struct idmap_slot *old = map->slots;
	uint32_t nold = old ? map->slots_mask + 1 : 0;
	map->slots = mem_resize(NULL, nslots, sizeof(*map->slots));
	memset(map->slots, 0xff, nslots * sizeof(*map->slots));
	map->slots_mask = nslots - 1;
	map->nused = 0;
	for (uint32_t i = 0; i < nold; i++) {
		if (old[i].value != IDMAP_NONE)
			idmap_set(map, old[i].key, old[i].value);
	}
	free(old);
}

void idmap_set(struct idmap *map, uint64_t key, uint32_t value)
{
	if (key < map->ndense) {
		map->dense[key] = value;
		return;
	}
	if (!map->slots)
		idmap_rehash(map, 64);
	else if (map->nused > map->slots_mask / 2)
		idmap_rehash(map, (map->slots_mask + 1) * 2);
	uint32_t at = (uint32_t)hash_u64(key) & map->slots_mask;
	while (map->slots[at].value != IDMAP_NONE && map->slots[at].key != key)
		at = (at + 1) & map->slots_mask;
	map->nused += map->slots[at].value == IDMAP_NONE;
	map->slots[at] = (struct idmap_slot){key, value};
}
