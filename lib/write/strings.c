// SPDX-License-Identifier: MIT
// Context: CTL. The bytes are kept to the end: a later piece refers to strings of an earlier one.
#include "strings.h"

#include <string.h>

#include "grow.h"
#include "hash.h"

static uint32_t *find_slot(const struct cp_strings *t, uint64_t hash, const char *str, size_t len)
{
	size_t mask = t->slots_cap_bytes / sizeof(*t->slots) - 1;
	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		if (t->slots[i] == 0)
			return &t->slots[i];
		const struct cp_string_entry *e = &t->entries[t->slots[i] - 1];
		if (e->hash == hash && e->len == len && memcmp(t->bytes + e->offset, str, len) == 0)
			return &t->slots[i];
	}
}

static bool grow_slots(struct cp_strings *t)
{
	size_t need_bytes = ((size_t)t->count + 1) * 2 * sizeof(*t->slots);
	if (need_bytes <= t->slots_cap_bytes)
		return true;
	uint32_t *bigger = NULL;
	size_t bigger_cap_bytes = 0;
	if (!cp_grow(&bigger, &bigger_cap_bytes, need_bytes))
		return false;
	cp_grow_free(&t->slots, &t->slots_cap_bytes);
	t->slots = bigger;
	t->slots_cap_bytes = bigger_cap_bytes;
	size_t mask = bigger_cap_bytes / sizeof(*t->slots) - 1;
	for (uint32_t i = 0; i < t->count; i++) {
		size_t at = (size_t)t->entries[i].hash & mask;
		while (t->slots[at])
			at = (at + 1) & mask;
		t->slots[at] = i + 1;
	}
	return true;
}

static bool make_room(struct cp_strings *t, size_t len)
{
	return t->count < UINT32_MAX && len < SIZE_MAX - t->bytes_used &&
			cp_grow(&t->entries, &t->entries_cap_bytes,
					((size_t)t->count + 1) * sizeof(*t->entries)) &&
			cp_grow(&t->bytes, &t->bytes_cap_bytes, t->bytes_used + len + 1) && grow_slots(t);
}

bool cp_strings_intern(struct cp_strings *t, const char *str, size_t len, uint64_t *index_out)
{
	if (len == 0 && t->count) {
		*index_out = 0;
		return true;
	}
	uint64_t hash = cp_hash_bytes(str, len);
	uint32_t *slot = t->slots ? find_slot(t, hash, str, len) : NULL;
	if (slot && *slot) {
		*index_out = *slot - 1;
		return true;
	}
	if (!make_room(t, len))
		return false;
	memcpy(t->bytes + t->bytes_used, str, len);
	t->entries[t->count] = (struct cp_string_entry){hash, t->bytes_used, len};
	t->bytes_used += len;
	*index_out = t->count++;
	*find_slot(t, hash, str, len) = t->count;
	return true;
}

void cp_strings_free(struct cp_strings *t)
{
	cp_grow_free(&t->entries, &t->entries_cap_bytes);
	cp_grow_free(&t->bytes, &t->bytes_cap_bytes);
	cp_grow_free(&t->slots, &t->slots_cap_bytes);
	*t = (struct cp_strings){0};
}
