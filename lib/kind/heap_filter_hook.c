// SPDX-License-Identifier: MIT
// Context: SIG. See heap_filter_hook.h.
//
// A span's bit may be cleared by who takes its last block out only while nobody puts another one in, whose free would
// not be seen. So that thread first closes the span, by a value that is no count: who meets it gives its sample up
// rather than wait for a thread that a signal handler of its own may have stopped. (In a child forked just then the
// span stays closed: a sample in 16,384 is lost there.)
#include "heap_filter_hook.h"

#include "sigsafe/alone.h"

// A count that came there stays: such an address costs a look further. So a word of counts is never CLOSING.
#define STUCK UINT64_C(0x80)
#define CLOSING UINT64_MAX

CP_NEAR_DATA _Alignas(64) _Atomic uint64_t cp_heap_filter_bits[CP_HEAP_FILTER_SPANS / 64];
_Atomic uint64_t cp_heap_filter_counts[CP_HEAP_FILTER_SPANS] CP_TABLE;

static _Atomic bool keeps_bits;

static inline uint64_t bit_of(uint32_t span)
{
	return UINT64_C(1) << span % 64;
}

static void set_bit(uint32_t span)
{
	_Atomic uint64_t *bits = &cp_heap_filter_bits[span / 64];
	if (!(load(bits, relaxed) & bit_of(span)))
		cp_alone_set(bits, bit_of(span));
}

/** The span whose word is CLOSING. */
static void clear_bit(uint32_t span)
{
	cp_alone_clear(&cp_heap_filter_bits[span / 64], bit_of(span));
	store(&cp_heap_filter_counts[span], 0, release);
}

CP_NEAR bool cp_heap_filter_add(const void *ptr)
{
	uint32_t span = cp_heap_filter_span(ptr), shift = cp_heap_filter_shift(ptr);
	_Atomic uint64_t *counts = &cp_heap_filter_counts[span];
	uint64_t seen = load(counts, relaxed);
	do {
		if (seen == CLOSING)
			return false;
		if ((seen >> shift & UINT8_MAX) == STUCK)
			return true;
	} while (!cp_alone_exchange(counts, &seen, seen + (UINT64_C(1) << shift)));
	set_bit(span);
	return true;
}

CP_NEAR void cp_heap_filter_remove(const void *ptr)
{
	uint32_t span = cp_heap_filter_span(ptr), shift = cp_heap_filter_shift(ptr);
	_Atomic uint64_t *counts = &cp_heap_filter_counts[span];
	uint64_t seen = load(counts, relaxed), less;
	do {
		if ((seen >> shift & UINT8_MAX) == STUCK)
			return;
		less = seen - (UINT64_C(1) << shift);
		if (less == 0 && !load(&keeps_bits, relaxed))
			less = CLOSING;
	} while (!cp_alone_exchange(counts, &seen, less));
	if (less == CLOSING)
		clear_bit(span);
}

void cp_heap_filter_keep_bits(void)
{
	store(&keeps_bits, true, relaxed);
}

void cp_heap_filter_pin_all(void)
{
	cp_heap_filter_keep_bits();
	for (uint32_t span = 0; span < CP_HEAP_FILTER_SPANS; span++) {
		store(&cp_heap_filter_counts[span], STUCK * 0x0101010101010101u, relaxed);
		set_bit(span);
	}
}
