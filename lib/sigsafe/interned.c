// SPDX-License-Identifier: MIT
// Context: SIG to add, CTL to make. See interned.h.
#include <errno.h>

#include "atomic.h"
#include "interned.h"

int cp_interned_init(struct cp_interned *t, uint32_t capacity, size_t limit_bytes)
{
	if (t->buckets)
		return 0;
	size_t table_bytes = capacity * sizeof(*t->buckets);
	void *buckets = cp_pages_alloc(table_bytes), *by_id = cp_pages_alloc(table_bytes);
	if (!buckets || !by_id) {
		cp_pages_free(buckets, table_bytes);
		cp_pages_free(by_id, table_bytes);
		return -ENOMEM;
	}
	t->by_id = by_id;
	t->capacity = capacity;
	t->arena.limit_bytes = limit_bytes;
	t->buckets = buckets;
	return 0;
}

void cp_interned_reset(struct cp_interned *t)
{
	for (uint32_t id = 1; id < cp_interned_end(t); id++) {
		struct cp_interned_entry *e = load(&t->by_id[id], relaxed);
		if (e)
			store(&t->buckets[e->hash & (t->capacity - 1)], NULL, relaxed);
		store(&t->by_id[id], NULL, relaxed);
	}
	store(&t->count, 0, relaxed);
	store(&t->refused, 0, relaxed);
	cp_arena_reset(&t->arena);
}

static uint64_t hash_of(uint64_t head, const uint8_t *bytes, size_t nbytes)
{
	const uint64_t k = 0x9e3779b97f4a7c15u;
	uint64_t h = (head ^ nbytes) * k, word;
	for (; nbytes >= sizeof(word); bytes += sizeof(word), nbytes -= sizeof(word)) {
		__builtin_memcpy(&word, bytes, sizeof(word));
		h = (h ^ word) * k;
		h ^= h >> 32;
	}
	for (; nbytes > 0; nbytes--)
		h = (h ^ *bytes++) * k;
	return h ^ h >> 32;
}

/** Not memcmp, which may be a sanitizer's. */
static bool is_equal(const uint8_t *a, const uint8_t *b, size_t nbytes)
{
	uint64_t x, y;
	for (; nbytes >= sizeof(x); a += sizeof(x), b += sizeof(x), nbytes -= sizeof(x)) {
		__builtin_memcpy(&x, a, sizeof(x));
		__builtin_memcpy(&y, b, sizeof(y));
		if (x != y)
			return false;
	}
	while (nbytes > 0 && *a++ == *b++)
		nbytes--;
	return nbytes == 0;
}

struct key {
	uint64_t hash, head;
	const uint8_t *bytes;
	size_t nbytes;
};

/** Between `from` and, without it, `end`. */
static struct cp_interned_entry *find(
		struct cp_interned_entry *from, const struct cp_interned_entry *end, const struct key *key)
{
	for (struct cp_interned_entry *e = from; e != end; e = e->next) {
		if (e->hash == key->hash && e->head == key->head && e->nbytes == key->nbytes &&
				is_equal(e->bytes, key->bytes, key->nbytes))
			return e;
	}
	return NULL;
}

/** An entry with an id, in no bucket yet. NULL: no room. */
static struct cp_interned_entry *make(struct cp_interned *t, const struct key *key)
{
	struct cp_interned_entry *e = NULL;
	if (load(&t->count, relaxed) + 1 < t->capacity)
		e = cp_arena_alloc(&t->arena, sizeof(*e) + key->nbytes);
	if (e) {
		e->id = fetch_add(&t->count, 1, relaxed) + 1;
		if (e->id < t->capacity) {
			e->hash = key->hash;
			e->head = key->head;
			e->nbytes = (uint32_t)key->nbytes;
			for (size_t i = 0; i < key->nbytes; i++)
				e->bytes[i] = key->bytes[i];
			return e;
		}
		fetch_sub(&t->count, 1, relaxed);
	}
	fetch_add(&t->refused, 1, relaxed);
	return NULL;
}

const struct cp_interned_entry *cp_interned_add(
		struct cp_interned *t, uint64_t head, const void *bytes, size_t nbytes)
{
	const struct key key = {hash_of(head, bytes, nbytes), head, bytes, nbytes};
	_Atomic(struct cp_interned_entry *) *bucket = &t->buckets[key.hash & (t->capacity - 1)];
	struct cp_interned_entry *first = load(bucket, acquire);
	struct cp_interned_entry *found = find(first, NULL, &key);
	if (found)
		return found;
	struct cp_interned_entry *e = make(t, &key);
	if (!e)
		return NULL;
	for (;;) {
		struct cp_interned_entry *seen = first;
		e->next = first;
		if (atomic_compare_exchange_strong_explicit(
				    bucket, &first, e, memory_order_release, memory_order_acquire))
			break;
		found = find(first, seen, &key);
		if (found)
			break;
	}
	if (!found)
		found = e;
	store(&t->by_id[e->id], found, release);
	return found;
}

const struct cp_interned_entry *cp_interned_at(const struct cp_interned *t, uint32_t id)
{
	return load(&t->by_id[id], acquire);
}

uint32_t cp_interned_end(const struct cp_interned *t)
{
	uint32_t count = load(&t->count, acquire);
	return count < t->capacity ? count + 1 : t->capacity;
}
