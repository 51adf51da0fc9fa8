// SPDX-License-Identifier: MIT
// Context: SIG. What a bucket of the heap profile has counted: samples and their bytes, raw; whoever writes the
// profile scales them (heap.c). A bucket is a stack, a size class, a rate and labels.
#ifndef CPROF_KIND_HEAP_COUNT_HOOK_H
#define CPROF_KIND_HEAP_COUNT_HOOK_H

#include "sigsafe/atomic.h"
#include "sigsafe/stacktab.h"
#include "sigsafe/types.h"

struct cp_heap_amount {
	int64_t objects, bytes;
};

enum { CP_HEAP_LIFETIMES_LOG2 = 2 }; // of a group

/** Those of a bucket that were freed, by powers of two of their lifetime. Neighbours in one entry: a block's like tends
 *  to live about as long, and each step along a list is a cache line. */
struct cp_heap_lifetimes {
	struct cp_heap_lifetimes *next; // of the bucket
	uint32_t first_log2_ns;        // amounts[i]: within 2^(first_log2_ns + i) ns
	struct {
		_Atomic int64_t objects, bytes;
	} amounts[1 << CP_HEAP_LIFETIMES_LOG2];
};

/** Tags of buckets; the high half: the id of the labels. */
static inline uint64_t cp_heap_tag(uint32_t size_class, uint32_t rate_index)
{
	return size_class | (uint64_t)rate_index << 16;
}

static inline uint32_t cp_heap_tag_size_class(uint64_t tag)
{
	return tag & 0xffff;
}

static inline uint32_t cp_heap_tag_rate_index(uint64_t tag)
{
	return (uint32_t)(tag >> 16) & 0xffff;
}

static inline uint32_t cp_heap_tag_labels(uint64_t tag)
{
	return (uint32_t)(tag >> 32);
}

/** An allocation; estimate_bytes is what it stands for. */
void cp_heap_count_alloc(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes);

/** One of them is freed. */
void cp_heap_count_free(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes,
		uint64_t lifetime_ns);

/** One of them was counted in error: it is another bucket's. */
void cp_heap_uncount_alloc(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes);

struct cp_heap_amount cp_heap_allocated(const struct cp_stack *bucket);
struct cp_heap_amount cp_heap_in_use(const struct cp_stack *bucket);

/** What the bucket had in use when the whole heap was largest. */
struct cp_heap_amount cp_heap_at_peak(const struct cp_stack *bucket);

/** The first of the list; NULL: none. */
struct cp_heap_lifetimes *cp_heap_lifetimes(const struct cp_stack *bucket);

struct cp_heap_amount cp_heap_freed_within(const struct cp_heap_lifetimes *group, uint32_t i);

#endif
