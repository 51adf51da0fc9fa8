// SPDX-License-Identifier: MIT
// Context: SIG. The heap profile's share of malloc and free.
//
// The fast path is a countdown of bytes to this thread's next sample, and at free a look into a small
// array of counters that says "no sampled block is at an address like this". Both are inline here and in
// lib/interpose/malloc.c; everything else happens once in hundreds of kilobytes, in heap_hook.c.
//
// Sampling is Poisson by bytes: the distance to the next sample is exponential with the rate as its
// mean, so a block of s bytes is sampled with probability 1 - exp(-s/rate) whatever came before it.
// The parts: heap_draw_hook.h draws and estimates, heap_live_hook.h finds sampled blocks again,
// heap_count_hook.h counts.
#ifndef CPROF_KIND_HEAP_HOOK_H
#define CPROF_KIND_HEAP_HOOK_H

#include "heap_live_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/stacktab.h"
#include "sigsafe/types.h"
#include "sigsafe/unwind.h"

/** Bytes until this thread's next sample. 0 in a new thread: its first allocation draws. */
extern __attribute__((visibility("hidden"), tls_model("initial-exec"))) __thread uint64_t
	cp_heap_countdown;

/** Counts an allocation; true: cp_heap_sample() is due for it. Context: SIG. */
static inline bool cp_heap_due(size_t size)
{
	uint64_t left = cp_heap_countdown;
	if (__builtin_expect(size >= left, 0))
		return true;
	cp_heap_countdown = left - size;
	return false;
}

/**
 * Draws the next distance and, if this allocation was its end, records it: `ptr` is what the real
 * allocator gave (NULL: it failed, nothing is recorded), `caller` the return address of the interposed
 * function, where the stack begins, and `regs` those of a frame near it, where the walk does. Context: SIG.
 */
void cp_heap_sample(void *ptr, size_t size, const struct cp_regs *regs, const void *caller);

/** The calling thread's next allocation comes to cp_heap_sample(), which takes no sample for that. */
void cp_heap_come_by_soon(void);

/** Books what cp_heap_live_take() took (before the real free, which may hand out the address again). */
void cp_heap_freed(const struct cp_heap_block *taken);

/** Puts it back instead: the realloc that was to free it failed. */
void cp_heap_restore(const void *ptr, const struct cp_heap_block *taken);

/** From now on what the calling thread allocates is (not) ours, of which no sample is taken. Returns what it was. */
bool cp_heap_exclude_self(bool is_own);
bool cp_heap_is_own(void);

/// What heap.c reads and sets.

struct cp_heap_state {
	// What each sample looks at, in a cache line.
	_Alignas(64) _Atomic uint64_t rate_bytes; // 0: off
	_Atomic uint32_t rate_changes; // a thread that drew at another count draws anew, without a sample
	_Atomic uint32_t rate_index;   // in cp_heap_rates[], of the last rate above 0
	_Atomic bool is_ready;         // tables are there, the unwinder works
	_Atomic bool is_counting;      // every allocation is counted below, and none is sampled
	bool is_shadowed;      // by a malloc that the program calls instead of ours; lib/interpose/malloc.c sets it
	const char *sanitizer; // whose allocator this is; nothing is sampled then. NULL: none. So, too
	_Atomic uint64_t counted_objects, counted_bytes;
	_Atomic uint64_t lost_samples; // no memory for them, or taken inside ourselves
	struct cp_stacktab buckets;
};

extern __attribute__((visibility("hidden"))) struct cp_heap_state cp_heap;

/** By the rate index in a bucket's tag. */
extern __attribute__((visibility("hidden"))) uint64_t cp_heap_rates[256];

#endif
