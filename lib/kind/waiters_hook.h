// SPDX-License-Identifier: MIT
// Context: SIG. Who waits for which lock since when, so that the thread that releases it can be charged.
//
// The key is the lock's address alone: the lock itself is never read or written here, and may be gone as
// soon as it is released. A release looks no further than one counter while nobody waits near it.
#ifndef CPROF_KIND_WAITERS_HOOK_H
#define CPROF_KIND_WAITERS_HOOK_H

#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/types.h"

enum { CP_WAITERS_BUCKETS_LOG2 = 13 };

struct cp_waiter; // opaque

struct cp_waiters_bucket {
	_Atomic(struct cp_waiter *) chain;
	_Atomic uint64_t count;   // of those who wait now
	_Atomic uint64_t random;
	_Atomic uint64_t last_ns; // when it was released last, or what is known instead; see waiters_hook.c
};

extern __attribute__((visibility("hidden"))) struct cp_waiters_bucket
	cp_waiters[1 << CP_WAITERS_BUCKETS_LOG2];

static inline struct cp_waiters_bucket *cp_waiters_bucket(const void *lock)
{
	uint64_t hash = ((uint64_t)(uintptr_t)lock >> 3) * 0x9e3779b97f4a7c15u;
	return &cp_waiters[hash >> (64 - CP_WAITERS_BUCKETS_LOG2)];
}

/** The clock of waits. Above 1. */
static inline uint64_t cp_wait_clock_ns(void)
{
	return cp_clock_quick_ns(CP_CLOCK_MONOTONIC) + 2;
}

/** False: nobody waits for this lock. Context: SIG. */
static inline bool cp_waiters_maybe(const void *lock)
{
	return __builtin_expect(load(&cp_waiters_bucket(lock)->count, relaxed) != 0, 0);
}

/** From now on this thread waits. NULL: no memory; cp_waiters_leave() takes that too. */
struct cp_waiter *cp_waiters_enter(const void *lock, uint64_t now_ns);
void cp_waiters_leave(struct cp_waiter *waiter);

/** Whoever releases the lock asks before it does so, if somebody may wait for it. For one in `fraction`
 *  releases: what those who wait have waited since they came, or since the release before this one, so that
 *  each pays for its own part. Else 0. */
uint64_t cp_waiters_charge_ns(const void *lock, uint64_t fraction);

/** In the child of fork(): those who waited are not there. Context: FORK. */
void cp_waiters_forget_all(void);

/** Waits that could not be noted. */
uint64_t cp_waiters_lost(void);

#endif
