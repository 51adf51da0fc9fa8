// SPDX-License-Identifier: MIT
// Context: SIG to add, CTL to walk. See stacktab.h.
//
// Buckets are lists that only grow at their head, so a lookup needs no lock, and an insertion that
// lost the race has only what came in front of its old head to look at again.
#include <errno.h>
#include <string.h>

#include "atomic.h"
#include "stacktab.h"

int cp_stacktab_init(struct cp_stacktab *t, uint32_t nbuckets, size_t limit_bytes)
{
	memset(t, 0, sizeof(*t));
	t->nbuckets = 1;
	while (t->nbuckets < nbuckets)
		t->nbuckets *= 2;
	t->buckets = cp_pages_alloc(t->nbuckets * sizeof(*t->buckets));
	if (!t->buckets)
		return -ENOMEM;
	t->arena.limit_bytes = limit_bytes;
	return 0;
}

void cp_stacktab_deinit(struct cp_stacktab *t)
{
	cp_arena_reset(&t->arena);
	cp_pages_free(t->buckets, t->nbuckets * sizeof(*t->buckets));
	t->buckets = NULL;
}

/** Not memcmp: in a program built with a sanitizer that is the sanitizer's, which sees no atomics of
 *  ours and would report a race. */
static bool same_pcs(const uintptr_t *a, const uintptr_t *b, uint32_t npcs)
{
	uint32_t i = 0;
	while (i < npcs && a[i] == b[i])
		i++;
	return i == npcs;
}

/** What makes an entry; no struct cp_stack, whose counters would have to be cleared for each lookup. */
struct key {
	uint64_t hash, tag;
	uint32_t epoch, npcs;
	const uintptr_t *pcs;
};

/** The entry equal to `key` between `from` and, without it, `end`. */
static struct cp_stack *find(struct cp_stack *from, const struct cp_stack *end, const struct key *key)
{
	for (struct cp_stack *s = from; s != end; s = load(&s->next, relaxed)) {
		if (s->hash == key->hash && s->npcs == key->npcs && s->epoch == key->epoch &&
			s->tag == key->tag && same_pcs(s->pcs, key->pcs, key->npcs))
			return s;
	}
	return NULL;
}

struct cp_stack *cp_stacktab_intern_hashed(struct cp_stacktab *t, uint64_t pcs_hash, const uintptr_t *pcs,
		uint32_t npcs, uint32_t epoch, uint64_t tag)
{
	uint64_t hash = cp_stack_hash(pcs_hash, (uintptr_t)(tag ^ (uint64_t)epoch << 32 ^ npcs));
	struct key key = {hash, tag, epoch, npcs, pcs};
	_Atomic(struct cp_stack *) *bucket = &t->buckets[key.hash & (t->nbuckets - 1)];
	struct cp_stack *head = load(bucket, acquire);
	struct cp_stack *s = find(head, NULL, &key);
	if (s)
		return s;
	s = cp_arena_alloc(&t->arena, sizeof(*s) + npcs * sizeof(*pcs));
	if (!s)
		return &t->overflow;
	s->hash = key.hash;
	s->epoch = epoch;
	s->npcs = npcs;
	s->tag = tag;
	for (uint32_t i = 0; i < npcs; i++)
		s->pcs[i] = pcs[i];
	for (;;) {
		struct cp_stack *seen = head;
		store(&s->next, head, relaxed);
		if (atomic_compare_exchange_strong_explicit(
			    bucket, &head, s, memory_order_release, memory_order_acquire))
			break;
		// Ours is left in the arena if another thread has just made the same: rare and
		// small.
		struct cp_stack *twin = find(head, seen, &key);
		if (twin)
			return twin;
	}
	fetch_add(&t->count, 1, relaxed);
	return s;
}

struct cp_stack *cp_stacktab_intern(
	struct cp_stacktab *t, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch, uint64_t tag)
{
	uint64_t hash = 0;
	for (uint32_t i = npcs; i-- > 0;)
		hash = cp_stack_hash(hash, pcs[i]);
	return cp_stacktab_intern_hashed(t, hash, pcs, npcs, epoch, tag);
}

void cp_stacktab_each(struct cp_stacktab *t, void (*fn)(struct cp_stack *, void *), void *arg)
{
	for (uint32_t i = 0; i < t->nbuckets; i++) {
		for (struct cp_stack *s = load(&t->buckets[i], acquire); s;
			s = load(&s->next, relaxed))
			fn(s, arg);
	}
	for (int i = 0; i < CP_STACKTAB_VALUES; i++) {
		if (load(&t->overflow.values[i], relaxed) != 0) {
			fn(&t->overflow, arg);
			return;
		}
	}
}
