// SPDX-License-Identifier: MIT
// Context: SIG. See waiters_hook.h.
//
// A bucket's chain only grows; an entry whose thread has its lock stays with lock == FREE and is taken again
// by the next that waits. So a chain is as long as there ever were waiters in it at once, and nobody can
// meet memory that is gone.
//
// A release costs the lock's next owner what it takes, so one that is not recorded must take next to
// nothing. Hence each decides for the one after it: only where that will be recorded the clock is read, for
// its share begins now. Two locks in one bucket share the decision, and may cut each other's share.
#include "waiters_hook.h"

#include "sigsafe/pagealloc.h"
#include "sigsafe/random.h"

// Of last_ns.
enum { UNDECIDED = 0, NOT_RECORDED = 1 };

enum { FREE = 0, BUSY = 1, ARENA_LIMIT_BYTES = 64 << 20 };

struct cp_waiter {
	struct cp_waiter *next;
	struct cp_waiters_bucket *bucket;
	_Atomic uintptr_t lock; // FREE, BUSY, or its address
	_Atomic uint64_t start_ns;
};

struct cp_waiters_bucket cp_waiters[1 << CP_WAITERS_BUCKETS_LOG2] CP_TABLE;

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

static bool is_drawn(struct cp_waiters_bucket *bucket, uint64_t fraction)
{
	if (fraction == 1)
		return true;
	struct cp_random random = {.state = load(&bucket->random, relaxed)};
	if (random.state == 0)
		random.state = cp_wait_clock_ns() ^ (uint64_t)(uintptr_t)bucket << 20;
	bool drawn = cp_random_below(&random, fraction) == 0;
	store(&bucket->random, random.state, relaxed);
	return drawn;
}

static uint64_t waited_ns(const struct cp_waiters_bucket *bucket, const void *lock, uint64_t last_ns,
		uint64_t now_ns)
{
	uint64_t sum_ns = 0;
	for (struct cp_waiter *w = load(&bucket->chain, acquire); w; w = w->next) {
		if (load(&w->lock, acquire) != (uintptr_t)lock)
			continue;
		uint64_t start_ns = load(&w->start_ns, relaxed);
		if (start_ns < last_ns)
			start_ns = last_ns;
		if (start_ns < now_ns)
			sum_ns += now_ns - start_ns;
	}
	return sum_ns;
}

uint64_t cp_waiters_charge_ns(const void *lock, uint64_t fraction)
{
	struct cp_waiters_bucket *bucket = cp_waiters_bucket(lock);
	uint64_t last_ns = load(&bucket->last_ns, relaxed);
	bool is_recorded = last_ns == UNDECIDED ? is_drawn(bucket, fraction) : last_ns != NOT_RECORDED;
	bool is_next_recorded = is_drawn(bucket, fraction);
	uint64_t now_ns = NOT_RECORDED, sum_ns = 0;
	if (is_recorded || is_next_recorded)
		now_ns = cp_wait_clock_ns();
	if (is_recorded)
		sum_ns = waited_ns(bucket, lock, last_ns, now_ns);
	store(&bucket->last_ns, is_next_recorded ? now_ns : NOT_RECORDED, relaxed);
	return sum_ns;
}

void cp_waiters_forget_all(void)
{
	if (load(&arena.used_bytes, relaxed) == 0)
		return; // nobody ever waited: the buckets are pages nobody has touched
	for (uint32_t i = 0; i < 1 << CP_WAITERS_BUCKETS_LOG2; i++) {
		if (!load(&cp_waiters[i].chain, relaxed))
			continue;
		for (struct cp_waiter *w = load(&cp_waiters[i].chain, acquire); w; w = w->next)
			store(&w->lock, FREE, relaxed);
		store(&cp_waiters[i].count, 0, relaxed);
		store(&cp_waiters[i].last_ns, UNDECIDED, relaxed);
	}
}

uint64_t cp_waiters_lost(void)
{
	return load(&lost, relaxed);
}
