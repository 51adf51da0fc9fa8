// SPDX-License-Identifier: MIT
// Context: SIG. See waiters_hook.h.
//
// A bucket's chain only grows; an entry whose thread has its lock stays with lock == FREE and is taken again
// by the next that waits. So a chain is as long as there ever were waiters in it at once, and nobody can
// meet memory that is gone. Whoever releases moves each start forward by compare-and-swap: if the thread
// leaves meanwhile and another takes the entry, the start is another and the swap fails.
#include "waiters_hook.h"

#include "sigsafe/pagealloc.h"

enum { FREE = 0, BUSY = 1, ARENA_LIMIT_BYTES = 64 << 20 };

struct cp_waiter {
	struct cp_waiter *next;
	struct cp_waiters_bucket *bucket;
	_Atomic uintptr_t lock; // FREE, BUSY, or its address
	_Atomic uint64_t start_ns;
};

struct cp_waiters_bucket cp_waiters[1 << CP_WAITERS_BUCKETS_LOG2];

static struct cp_arena arena = {.limit_bytes = ARENA_LIMIT_BYTES};
static _Atomic uint64_t lost;

/** An entry that is BUSY and ours; NULL: no memory. */
static struct cp_waiter *claim(struct cp_waiters_bucket *bucket)
{
	for (struct cp_waiter *w = load(&bucket->chain, acquire); w; w = w->next) {
		uintptr_t expected = FREE;
		if (load(&w->lock, relaxed) == FREE && compare_exchange(&w->lock, &expected, BUSY, acquire))
			return w;
	}
	struct cp_waiter *w = cp_arena_alloc(&arena, sizeof(*w));
	if (!w)
		return NULL;
	store(&w->lock, BUSY, relaxed);
	w->bucket = bucket;
	w->next = load(&bucket->chain, relaxed);
	while (!compare_exchange(&bucket->chain, &w->next, w, release))
		;
	return w;
}

struct cp_waiter *cp_waiters_enter(const void *lock, uint64_t now_ns)
{
	struct cp_waiters_bucket *bucket = cp_waiters_bucket(lock);
	struct cp_waiter *w = claim(bucket);
	if (!w) {
		fetch_add(&lost, 1, relaxed);
		return NULL;
	}
	store(&w->start_ns, now_ns, relaxed);
	store(&w->lock, (uintptr_t)lock, release);
	fetch_add(&bucket->count, 1, relaxed);
	return w;
}

void cp_waiters_leave(struct cp_waiter *w)
{
	if (!w)
		return;
	fetch_sub(&w->bucket->count, 1, relaxed);
	store(&w->lock, FREE, release);
}

uint64_t cp_waiters_collect_ns(const void *lock, uint64_t now_ns)
{
	uint64_t sum_ns = 0;
	for (struct cp_waiter *w = load(&cp_waiters_bucket(lock)->chain, acquire); w; w = w->next) {
		if (load(&w->lock, acquire) != (uintptr_t)lock)
			continue;
		uint64_t start_ns = load(&w->start_ns, relaxed);
		if (start_ns < now_ns && compare_exchange(&w->start_ns, &start_ns, now_ns, relaxed))
			sum_ns += now_ns - start_ns;
	}
	return sum_ns;
}

void cp_waiters_forget_all(void)
{
	for (uint32_t i = 0; i < 1 << CP_WAITERS_BUCKETS_LOG2; i++) {
		for (struct cp_waiter *w = load(&cp_waiters[i].chain, acquire); w; w = w->next)
			store(&w->lock, FREE, relaxed);
		store(&cp_waiters[i].count, 0, relaxed);
	}
}

uint64_t cp_waiters_lost(void)
{
	return load(&lost, relaxed);
}
