// SPDX-License-Identifier: MIT
// Context: SIG. See heap_total_hook.h.
//
// Of one thread this is exact. Threads that changed one word at each sample would wait for its cache line each time,
// where every allocation is one; so what is small beside the peak they first count apart, and what lies there is less
// than a hundredth of it.
#include "heap_total_hook.h"

#include "sigsafe/alone.h"
#include "sigsafe/futex.h"

enum { APART_LOG2 = 4, SLACK_LOG2 = 7 + APART_LOG2 };

CP_NEAR_DATA struct cp_heap_total cp_heap_total;

/** By where a thread's stack is. */
static struct {
	_Alignas(64) _Atomic int64_t bytes;
} apart[1 << APART_LOG2] CP_TABLE;

_Atomic uint32_t cp_heap_ngrown;

static CP_FAR void tell_of_growth(void)
{
	if (exchange(&cp_heap_total.awaited_bytes, 0, relaxed) == 0)
		return;
	fetch_add(&cp_heap_ngrown, 1, release);
	cp_futex_wake(&cp_heap_ngrown, INT32_MAX);
}

void cp_heap_await_growth(int64_t bytes)
{
	int64_t awaited = load(&cp_heap_total.awaited_bytes, relaxed);
	while ((awaited == 0 || awaited > bytes) &&
			!compare_exchange(&cp_heap_total.awaited_bytes, &awaited, bytes, relaxed))
		;
}

static inline void has_grown_to(int64_t now)
{
	int64_t peak = load(&cp_heap_total.peak_estimate_bytes, relaxed);
	while (now > peak) {
		if (cp_alone_exchange_signed(&cp_heap_total.peak_estimate_bytes, &peak, now)) {
			cp_alone_add_fetch(&cp_heap_total.epoch, 1);
			break;
		}
	}
	int64_t awaited = load(&cp_heap_total.awaited_bytes, relaxed);
	if (__builtin_expect(awaited && now > awaited, 0))
		tell_of_growth();
}

/** Counts it apart and returns 0, or gives what is to be counted in its place. */
static CP_FAR int64_t put_apart(int64_t estimate_bytes, int64_t slack_bytes)
{
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0) >> 20;
	_Atomic int64_t *bytes = &apart[stack * 0x9e3779b97f4a7c15u >> (64 - APART_LOG2)].bytes;
	int64_t sum = fetch_add(bytes, estimate_bytes, relaxed) + estimate_bytes;
	return sum < slack_bytes && sum > -slack_bytes ? 0 : exchange(bytes, 0, relaxed);
}

CP_NEAR void cp_heap_total_add(int64_t estimate_bytes)
{
	int64_t slack_bytes = load(&cp_heap_total.peak_estimate_bytes, relaxed) >> SLACK_LOG2;
	bool is_small = estimate_bytes < slack_bytes && estimate_bytes > -slack_bytes;
	if (is_small && !cp_is_alone()) {
		estimate_bytes = put_apart(estimate_bytes, slack_bytes);
		if (!estimate_bytes)
			return;
	}
	int64_t now = cp_alone_add_fetch(&cp_heap_total.inuse_estimate_bytes, estimate_bytes);
	if (estimate_bytes > 0)
		has_grown_to(now);
}

int64_t cp_heap_estimate_in_use(void)
{
	int64_t sum = load(&cp_heap_total.inuse_estimate_bytes, relaxed);
	for (int i = 0; i < 1 << APART_LOG2; i++)
		sum += load(&apart[i].bytes, relaxed);
	return sum;
}
