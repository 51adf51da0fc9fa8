// SPDX-License-Identifier: MIT
// Context: SIG. "No sampled block is at an address like this", which is all that most frees cost.
//
// Two steps. A bit for each 128 bytes of 2 MiB, in the page that free looks at anyway: so few lines of the cache that
// they stay there. Where it is set, counters for 16 bytes each, eight to a bit.
#ifndef CPROF_KIND_HEAP_FILTER_HOOK_H
#define CPROF_KIND_HEAP_FILTER_HOOK_H

#include "sigsafe/atomic.h"
#include "sigsafe/types.h"

enum {
	CP_HEAP_FILTER_SPANS = 1 << 14, // of 128 bytes: blocks 2 MiB apart share one
	CP_HEAP_FILTER_SPAN_LOG2 = 7,
	CP_HEAP_FILTER_GRANULE_LOG2 = 4,
};

extern __attribute__((visibility("hidden"))) _Atomic uint64_t cp_heap_filter_bits[CP_HEAP_FILTER_SPANS / 64];

/** A word a span: a byte for each granule counts the sampled blocks that live there. */
extern __attribute__((visibility("hidden"))) _Atomic uint64_t cp_heap_filter_counts[CP_HEAP_FILTER_SPANS];

static inline uint32_t cp_heap_filter_span(const void *ptr)
{
	return (uint32_t)((uintptr_t)ptr >> CP_HEAP_FILTER_SPAN_LOG2) & (CP_HEAP_FILTER_SPANS - 1);
}

/** Where in its span's word the count of ptr's granule is, in bits. */
static inline uint32_t cp_heap_filter_shift(const void *ptr)
{
	return (uint32_t)((uintptr_t)ptr >> CP_HEAP_FILTER_GRANULE_LOG2 & 7) * 8;
}

/** False: certainly not sampled. Context: SIG. */
static inline bool cp_heap_maybe_sampled(const void *ptr)
{
	uintptr_t at = (uintptr_t)ptr >> CP_HEAP_FILTER_SPAN_LOG2; // the span, not cut yet: that spares an instruction
	bool is_near = load(&cp_heap_filter_bits[at / 64 % (CP_HEAP_FILTER_SPANS / 64)], relaxed) >> at % 64 & 1;
	if (__builtin_expect(!is_near, 1))
		return false;
	return load(&cp_heap_filter_counts[cp_heap_filter_span(ptr)], relaxed) >> cp_heap_filter_shift(ptr) & UINT8_MAX;
}

/** From now on ptr may be sampled. False, hardly ever: its span is just being cleared by another thread. */
bool cp_heap_filter_add(const void *ptr);

/** The end of one cp_heap_filter_add(). */
void cp_heap_filter_remove(const void *ptr);

/** Bits that are set stay set from now on, so that cp_heap_filter_add() never fails. */
void cp_heap_filter_keep_bits(void);

/** Every address may be sampled, for ever. */
void cp_heap_filter_pin_all(void);

#endif
