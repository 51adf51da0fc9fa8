// SPDX-License-Identifier: MIT
// Context: CTL. A hash table of ids beside an array of keys in the order of their ids.
#include "idmap.h"

#include "grow.h"
#include "hash.h"

static uint64_t hash_key(struct cp_idkey key)
{
	return cp_hash_mix(key.value ^ cp_hash_mix(key.space));
}

/** The slot of key, or the free one where it belongs. nslots is a power of two with free slots. */
static uint32_t *find_slot(const struct cp_idmap *m, struct cp_idkey key)
{
	size_t mask = m->slots_cap_bytes / sizeof(*m->slots) - 1;
	for (size_t i = (size_t)hash_key(key) & mask;; i = (i + 1) & mask) {
		uint32_t id = m->slots[i];
		if (id == 0 || (m->keys[id - 1].space == key.space && m->keys[id - 1].value == key.value))
			return &m->slots[i];
	}
}

/** Room for one more key; at most half of the slots are ever used. */
static bool make_room(struct cp_idmap *m)
{
	if (m->count == UINT32_MAX ||
			!cp_grow(&m->keys, &m->keys_cap_bytes, ((size_t)m->count + 1) * sizeof(*m->keys)))
		return false;
	size_t need_bytes = ((size_t)m->count + 1) * 2 * sizeof(*m->slots);
	if (need_bytes <= m->slots_cap_bytes)
		return true;
	struct cp_idmap bigger = *m;
	bigger.slots = NULL;
	bigger.slots_cap_bytes = 0;
	if (!cp_grow(&bigger.slots, &bigger.slots_cap_bytes, need_bytes))
		return false;
	for (uint32_t i = 0; i < m->count; i++)
		*find_slot(&bigger, m->keys[i]) = i + 1;
	cp_grow_free(&m->slots, &m->slots_cap_bytes);
	*m = bigger;
	return true;
}

uint32_t cp_idmap_intern(struct cp_idmap *m, struct cp_idkey key, bool *is_new_out)
{
	*is_new_out = false;
	if (m->slots) {
		uint32_t id = *find_slot(m, key);
		if (id)
			return id;
	}
	if (!make_room(m))
		return 0;
	m->keys[m->count++] = key;
	*find_slot(m, key) = m->count;
	*is_new_out = true;
	return m->count;
}

void cp_idmap_free(struct cp_idmap *m)
{
	cp_grow_free(&m->keys, &m->keys_cap_bytes);
	cp_grow_free(&m->slots, &m->slots_cap_bytes);
	*m = (struct cp_idmap){0};
}
