// SPDX-License-Identifier: MIT
// Context: SIG. See labels.h. A bucket's list only grows, at its head, so nobody locks.
#include "atomic.h"
#include "card.h"
#include "labels.h"
#include "pagealloc.h"
#include "sys.h"

enum {
	NBUCKETS = 1 << 14,
	ID_BITS = 20,
	MAX_SETS = 1 << ID_BITS,
	PART_SETS = 1 << 12,
	MERGES_LOG2 = 10,
	MAX_SETS_BYTES = 64 << 20,
};

/** Of the table from ids to sets, made when the first of its ids is: whole, the table would be most of the
 *  address space we take, and a program under a tight RLIMIT_AS would not start. */
struct part {
	_Atomic(struct cprof_labels *) sets[PART_SETS];
};

static struct cp_arena arena = {.limit_bytes = MAX_SETS_BYTES};
static _Atomic(struct cprof_labels *) buckets[NBUCKETS] CP_TABLE;
static _Atomic(struct part *) by_id[MAX_SETS / PART_SETS];
static _Atomic uint32_t last_id;
static _Atomic uint64_t merges[1 << MERGES_LOG2] CP_TABLE; // a cache: base's id, over's, the result's
static _Atomic uint64_t refused;

static int compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/** With its NUL. */
static size_t string_bytes(const char *s)
{
	size_t n = 0;
	while (s[n])
		n++;
	return n + 1;
}

/// Building a set

/** Pairs on their way to a set. */
struct draft {
	uint32_t count;
	struct cp_label_pair pairs[CP_LABELS_MAX];
};

/** Puts a pair in its place. False: there are too many. */
static bool add_pair(struct draft *d, struct cp_label_pair pair)
{
	uint32_t at = d->count;
	int order = 1;
	while (at > 0 && (order = compare(pair.key, d->pairs[at - 1].key)) < 0)
		at--;
	if (at > 0 && order == 0) {
		d->pairs[at - 1].value = pair.value;
		return true;
	}
	if (d->count == CP_LABELS_MAX)
		return false;
	for (uint32_t i = d->count++; i > at; i--)
		d->pairs[i] = d->pairs[i - 1];
	d->pairs[at] = pair;
	return true;
}

static bool make_draft(struct draft *d, const struct cprof_labels *base, const struct cp_label_pair *pairs,
		uint32_t n)
{
	d->count = base ? base->count : 0;
	for (uint32_t i = 0; i < d->count; i++)
		d->pairs[i] = base->pairs[i];
	for (uint32_t i = 0; i < n; i++) {
		if (!add_pair(d, pairs[i]))
			return false;
	}
	return d->count > 0;
}

/** FNV-1a over the strings and their ends; *size_out: their bytes. */
static uint64_t hash_draft(const struct draft *d, size_t *size_out)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t size = 0;
	for (uint32_t i = 0; i < 2 * d->count; i++) {
		const char *s = i & 1 ? d->pairs[i / 2].value : d->pairs[i / 2].key;
		for (size++; *s; s++, size++)
			h = (h ^ (unsigned char)*s) * 0x100000001b3u;
		h = (h ^ 0xff) * 0x100000001b3u;
	}
	*size_out = size;
	return h;
}

static bool is_same(const struct cprof_labels *l, const struct draft *d)
{
	if (l->count != d->count)
		return false;
	for (uint32_t i = 0; i < d->count; i++) {
		if (compare(l->pairs[i].key, d->pairs[i].key) != 0 ||
				compare(l->pairs[i].value, d->pairs[i].value) != 0)
			return false;
	}
	return true;
}

/** The set equal to the draft between `from` and, without it, `end`. */
static struct cprof_labels *find(struct cprof_labels *from, const struct cprof_labels *end,
		const struct draft *d, uint64_t hash)
{
	for (struct cprof_labels *l = from; l != end; l = l->next) {
		if (l->hash == hash && is_same(l, d))
			return l;
	}
	return NULL;
}

static const char *copy_string(char **room, const char *s)
{
	char *to = *room;
	size_t n = string_bytes(s);
	for (size_t i = 0; i < n; i++)
		to[i] = s[i];
	*room += n;
	return to;
}

/** Where the set of this id is to be found from now on; NULL: no room. */
static _Atomic(struct cprof_labels *) *make_slot(uint32_t id)
{
	_Atomic(struct part *) *at = &by_id[id / PART_SETS];
	struct part *part = load(at, acquire);
	if (!part) {
		struct part *fresh = cp_arena_alloc(&arena, sizeof(*fresh));
		// Ours is left in the arena if another thread has just made the same.
		if (!fresh || compare_exchange(at, &part, fresh, acq_rel))
			part = fresh;
	}
	return part ? &part->sets[id % PART_SETS] : NULL;
}

static struct cprof_labels *make_set(const struct draft *d, uint64_t hash, size_t strings_bytes)
{
	uint32_t id = fetch_add(&last_id, 1, relaxed) + 1;
	if (id >= MAX_SETS) {
		store(&last_id, MAX_SETS - 1, relaxed); // it must not come round
		return NULL;
	}
	size_t head_bytes = sizeof(struct cprof_labels) + d->count * sizeof(d->pairs[0]);
	struct cprof_labels *l = cp_arena_alloc(&arena, head_bytes + strings_bytes);
	_Atomic(struct cprof_labels *) *slot = make_slot(id);
	if (!l || !slot)
		return NULL;
	l->hash = hash;
	l->id = id;
	l->count = d->count;
	char *room = (char *)l + head_bytes;
	for (uint32_t i = 0; i < d->count; i++) {
		l->pairs[i].key = copy_string(&room, d->pairs[i].key);
		l->pairs[i].value = copy_string(&room, d->pairs[i].value);
	}
	store(slot, l, release);
	return l;
}

const struct cprof_labels *cp_labels_intern(
		const struct cprof_labels *base, const struct cp_label_pair *pairs, uint32_t n)
{
	struct draft d;
	size_t strings_bytes;
	if (n == 0)
		return base;
	if (!make_draft(&d, base, pairs, n))
		return NULL;
	uint64_t hash = hash_draft(&d, &strings_bytes);
	_Atomic(struct cprof_labels *) *bucket = &buckets[(hash ^ hash >> 32) & (NBUCKETS - 1)];
	struct cprof_labels *head = load(bucket, acquire);
	struct cprof_labels *l = find(head, NULL, &d, hash);
	if (l)
		return l;
	l = make_set(&d, hash, strings_bytes);
	if (!l) {
		fetch_add(&refused, 1, relaxed);
		return NULL;
	}
	for (;;) {
		struct cprof_labels *seen = head;
		l->next = head;
		if (atomic_compare_exchange_strong_explicit(
				    bucket, &head, l, memory_order_release, memory_order_acquire))
			return l;
		// Ours is left in the arena if another thread has just made the same: rare and small.
		struct cprof_labels *twin = find(head, seen, &d, hash);
		if (twin)
			return twin;
	}
}

const struct cprof_labels *cp_labels_merge(const struct cprof_labels *base, const struct cprof_labels *over)
{
	if (!base || !over)
		return base ? base : over;
	uint64_t key = (uint64_t)base->id << ID_BITS | over->id;
	_Atomic uint64_t *slot = &merges[key * 0x9e3779b97f4a7c15u >> (64 - MERGES_LOG2)];
	uint64_t known = load(slot, acquire);
	if (known >> ID_BITS == key)
		return cp_labels_of_id(known & (MAX_SETS - 1));
	const struct cprof_labels *result = cp_labels_intern(base, over->pairs, over->count);
	if (result)
		store(slot, key << ID_BITS | result->id, release);
	return result;
}

const struct cprof_labels *cp_labels_of_id(uint32_t id)
{
	struct part *part = id < MAX_SETS ? load(&by_id[id / PART_SETS], acquire) : NULL;
	return part ? load(&part->sets[id % PART_SETS], acquire) : NULL;
}

const char *cp_labels_get(const struct cprof_labels *labels, const char *key)
{
	for (uint32_t i = 0; labels && i < labels->count; i++) {
		if (compare(labels->pairs[i].key, key) == 0)
			return labels->pairs[i].value;
	}
	return NULL;
}

uint64_t cp_labels_refused(void)
{
	return load(&refused, relaxed);
}

/// A thread's labels

const struct cprof_labels *cp_labels_current(void)
{
	return cp_card ? cp_labels_of_id(load(&cp_card->labels_id, relaxed)) : NULL;
}

const struct cprof_labels *cp_labels_set(const struct cprof_labels *labels)
{
	const struct cprof_labels *before = cp_labels_current();
	if (!cp_card && (!labels || !cp_card_take()))
		fetch_add(&refused, labels != NULL, relaxed);
	else
		store(&cp_card->labels_id, labels ? labels->id : 0, relaxed);
	return before;
}

CP_NEAR uint32_t cp_labels_current_id(int tid)
{
	return cp_card && load(&cp_card->tid, relaxed) == tid ? load(&cp_card->labels_id, relaxed) : 0;
}

CP_NEAR uint32_t cp_labels_own_id(void)
{
	return cp_card && load(&cp_card->labels_id, relaxed) ? cp_labels_current_id(cp_gettid()) : 0;
}
