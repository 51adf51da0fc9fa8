// SPDX-License-Identifier: MIT
// Context: SIG. See held_hook.h.
//
// A bucket's chain only grows; an entry whose lock was released is taken again by the next. The key is the lock's
// address and the thread: what pthread_cond_wait releases and takes again stays noted as its waiter's.
#include "held_hook.h"

#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/modmap.h"
#include "sigsafe/sys.h"

enum { FREE = 0, BUSY = 1, NBUCKETS_LOG2 = 12, ARENA_LIMIT_BYTES = 16 << 20 };

struct held {
	struct held *next;
	_Atomic uintptr_t lock; // FREE, BUSY, or its address
	_Atomic int tid;
	_Atomic uint32_t kind; // enum trace_wait
	_Atomic(struct cp_stack *) taken_at;
	_Atomic uint32_t nmore; // of its thread's: it reads, and is to release it so often before the last time
};

struct cp_held_locks cp_held_locks;

static struct cp_arena arena = {.limit_bytes = ARENA_LIMIT_BYTES};
static _Atomic(struct held *) buckets[1 << NBUCKETS_LOG2] CP_TABLE;

static _Atomic(struct held *) *bucket_of(uintptr_t lock)
{
	uint64_t hash = ((uint64_t)lock >> 3) * 0x9e3779b97f4a7c15u;
	return &buckets[hash >> (64 - NBUCKETS_LOG2)];
}

/** This thread's entry; nobody else changes it. */
static struct held *find(const void *lock, int tid)
{
	for (struct held *h = load(bucket_of((uintptr_t)lock), acquire); h; h = h->next) {
		if (load(&h->lock, relaxed) == (uintptr_t)lock && load(&h->tid, relaxed) == tid)
			return h;
	}
	return NULL;
}

/** An entry that is BUSY and ours; NULL: no memory. */
static struct held *claim(_Atomic(struct held *) *bucket)
{
	for (struct held *h = load(bucket, acquire); h; h = h->next) {
		uintptr_t expected = FREE;
		if (load(&h->lock, relaxed) == FREE && compare_exchange(&h->lock, &expected, BUSY, acquire))
			return h;
	}
	struct held *h = cp_arena_alloc(&arena, sizeof(*h));
	if (!h)
		return NULL;
	store(&h->lock, BUSY, relaxed);
	h->next = load(bucket, relaxed);
	while (!compare_exchange(bucket, &h->next, h, release))
		;
	return h;
}

static __attribute__((noinline)) struct cp_stack *capture(const void *caller)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	uint32_t npcs = cp_capture_outside(pcs, cp_capture(pcs, caller, 0));
	return cp_stacktab_intern(&cp_held_locks.stacks, pcs, npcs, cp_modmap_epoch_of(pcs, npcs), 0);
}

void cp_held_enter(const void *lock, enum trace_wait kind, const void *caller)
{
	if (!load(&cp_held_locks.is_ready, acquire))
		return;
	int tid = cp_gettid();
	struct held *h = find(lock, tid);
	if (h && kind == TRACE_WAIT_RWLOCK_READ && load(&h->kind, relaxed) == TRACE_WAIT_RWLOCK_READ) {
		store(&h->nmore, load(&h->nmore, relaxed) + 1, relaxed);
		return;
	}
	struct cp_stack *taken_at = capture(caller);
	if (!h) // else its last owner ended without releasing it, and had our id
		h = claim(bucket_of((uintptr_t)lock));
	if (!h) {
		fetch_add(&cp_held_locks.lost, 1, relaxed);
		return;
	}
	store(&h->nmore, 0, relaxed);
	store(&h->taken_at, taken_at, relaxed);
	store(&h->kind, (uint32_t)kind, relaxed);
	store(&h->tid, tid, relaxed);
	store(&h->lock, (uintptr_t)lock, release);
}

void cp_held_leave(const void *lock)
{
	struct held *h = find(lock, cp_gettid());
	uint32_t nmore = h ? load(&h->nmore, relaxed) : 0;
	if (nmore)
		store(&h->nmore, nmore - 1, relaxed);
	else if (h)
		store(&h->lock, FREE, release);
}

void cp_held_each(void (*fn)(const struct cp_held_lock *held, void *arg), void *arg)
{
	for (uint32_t i = 0; load(&cp_held_locks.is_ready, acquire) && i < 1 << NBUCKETS_LOG2; i++) {
		for (struct held *h = load(&buckets[i], acquire); h; h = h->next) {
			struct cp_held_lock held = {
					.lock = load(&h->lock, acquire),
					.tid = load(&h->tid, relaxed),
					.kind = (enum trace_wait)load(&h->kind, relaxed),
					.taken_at = load(&h->taken_at, relaxed),
			};
			if (held.lock != FREE && held.lock != BUSY)
				fn(&held, arg);
		}
	}
}

uint32_t cp_held_readers(uintptr_t lock, void (*fn)(int tid, void *arg), void *arg)
{
	uint32_t nholds = 0;
	for (struct held *h = load(bucket_of(lock), acquire); h; h = h->next) {
		if (load(&h->lock, acquire) != lock || load(&h->kind, relaxed) != TRACE_WAIT_RWLOCK_READ)
			continue;
		nholds += 1 + load(&h->nmore, relaxed);
		fn(load(&h->tid, relaxed), arg);
	}
	return nholds;
}

void cp_held_forget_all(void)
{
	cp_held_locks.preparing = (struct cp_lock){0};
	for (uint32_t i = 0; load(&cp_held_locks.is_ready, acquire) && i < 1 << NBUCKETS_LOG2; i++) {
		for (struct held *h = load(&buckets[i], acquire); h; h = h->next)
			store(&h->lock, FREE, relaxed);
	}
}
