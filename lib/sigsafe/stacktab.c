// SPDX-License-Identifier: MIT
// Context: SIG to add, CTL to walk. See stacktab.h.
//
// Buckets are lists that only grow at their head, so a lookup needs no lock, and an insertion that
// lost the race has only what came in front of its old head to look at again.
//
// A table that fills gets another level of buckets, where what is new goes; nothing moves. So lists stay
// short however long a program runs. Lookups begin with the oldest level, where the stacks are that come
// again and again. (One that two threads meet while a level comes may be in both: sums stay exact.)
#include <errno.h>
#include <string.h>

#include "atomic.h"
#include "stacktab.h"

enum { STACKS_A_BUCKET = 2, LEVEL_FACTOR_LOG2 = 3 };

static uint32_t nbuckets_of(const struct cp_stacktab *t, uint32_t level)
{
	return t->nbuckets << level * LEVEL_FACTOR_LOG2;
}

static bool add_level(struct cp_stacktab *t, uint32_t level)
{
	size_t bytes = nbuckets_of(t, level) * sizeof(cp_stack_bucket);
	cp_stack_bucket *none = NULL, *buckets = cp_pages_alloc(bytes);
	if (!buckets)
		return false;
	if (!compare_exchange(&t->levels[level], &none, buckets, release))
		cp_pages_free(buckets, bytes);
	return true;
}

int cp_stacktab_init(struct cp_stacktab *t, uint32_t nbuckets, size_t limit_bytes)
{
	memset(t, 0, sizeof(*t));
	t->nbuckets = 1;
	while (t->nbuckets < nbuckets)
		t->nbuckets *= 2;
	t->arena.limit_bytes = limit_bytes;
	t->overflow.npcs = 1;
	t->overflow.pcs[0] = CP_MARKER_OVERFLOW;
	return add_level(t, 0) ? 0 : -ENOMEM;
}

void cp_stacktab_deinit(struct cp_stacktab *t)
{
	cp_arena_reset(&t->arena);
	for (uint32_t i = 0; i < CP_STACKTAB_LEVELS && load(&t->levels[i], relaxed); i++) {
		cp_pages_free(load(&t->levels[i], relaxed), nbuckets_of(t, i) * sizeof(cp_stack_bucket));
		store(&t->levels[i], NULL, relaxed);
	}
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

static cp_stack_bucket *bucket_at(struct cp_stacktab *t, uint32_t level, uint64_t hash)
{
	return &load(&t->levels[level], acquire)[hash & (nbuckets_of(t, level) - 1)];
}

/** The level where what is new goes: the last, or one more. */
static uint32_t level_to_fill(struct cp_stacktab *t, uint32_t last)
{
	if (load(&t->count, relaxed) < STACKS_A_BUCKET * nbuckets_of(t, last) || last + 1 == CP_STACKTAB_LEVELS)
		return last;
	return add_level(t, last + 1) ? last + 1 : last;
}

static struct cp_stack *make(struct cp_stacktab *t, const struct key *key)
{
	struct cp_stack *s = cp_arena_alloc(&t->arena, sizeof(*s) + key->npcs * sizeof(*key->pcs));
	if (!s)
		return NULL;
	s->hash = key->hash;
	s->epoch = key->epoch;
	s->npcs = key->npcs;
	s->tag = key->tag;
	for (uint32_t i = 0; i < key->npcs; i++)
		s->pcs[i] = key->pcs[i];
	return s;
}

/** s, or the same that another thread has just put there: then ours is left in the arena, rare and small. */
static struct cp_stack *insert(cp_stack_bucket *bucket, struct cp_stack *s, const struct key *key)
{
	struct cp_stack *head = load(bucket, acquire), *seen = NULL, *twin;
	for (;;) {
		if ((twin = find(head, seen, key)))
			return twin;
		seen = head;
		store(&s->next, head, relaxed);
		if (atomic_compare_exchange_strong_explicit(
				    bucket, &head, s, memory_order_release, memory_order_acquire))
			return s;
	}
}

struct cp_stack *cp_stacktab_intern_hashed(struct cp_stacktab *t, uint64_t pcs_hash, const uintptr_t *pcs,
		uint32_t npcs, uint32_t epoch, uint64_t tag)
{
	uint64_t hash = cp_stack_hash(pcs_hash, (uintptr_t)(tag ^ (uint64_t)epoch << 32 ^ npcs));
	struct key key = {hash, tag, epoch, npcs, pcs};
	uint32_t level = 0;
	do {
		struct cp_stack *s = find(load(bucket_at(t, level, hash), acquire), NULL, &key);
		if (s)
			return s;
	} while (++level < CP_STACKTAB_LEVELS && load(&t->levels[level], acquire));
	struct cp_stack *made = make(t, &key);
	if (!made)
		return &t->overflow;
	struct cp_stack *s = insert(bucket_at(t, level_to_fill(t, level - 1), hash), made, &key);
	if (s == made)
		fetch_add(&t->count, 1, release);
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
	cp_stack_bucket *buckets;
	// Without entries no bucket is read: a look at a page nobody has written yet is a page fault, too.
	uint32_t nlevels = load(&t->count, acquire) ? CP_STACKTAB_LEVELS : 0;
	for (uint32_t level = 0; level < nlevels && (buckets = load(&t->levels[level], acquire)); level++) {
		for (uint32_t i = 0; i < nbuckets_of(t, level); i++) {
			for (struct cp_stack *s = load(&buckets[i], acquire); s; s = load(&s->next, relaxed))
				fn(s, arg);
		}
	}
	for (int i = 0; i < CP_STACKTAB_VALUES; i++) {
		if (load(&t->overflow.values[i], relaxed) != 0) {
			fn(&t->overflow, arg);
			return;
		}
	}
}
