// SPDX-License-Identifier: MIT
// Context: SIG. The sampled blocks that live, found by their address at free.
//
// Three steps: a small array of counters says at once "no sampled block is at an address like this", which is
// all that most frees cost, for it lies in the page that they look at anyway; then a finer one; then a table.
#ifndef CPROF_KIND_HEAP_LIVE_HOOK_H
#define CPROF_KIND_HEAP_LIVE_HOOK_H

#include "sigsafe/atomic.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/stacktab.h"
#include "sigsafe/types.h"

enum {
	CP_HEAP_FILTER_SLOTS = 1 << 17,    // 16-byte granules: two blocks 2 MiB apart share a counter
	CP_HEAP_PREFILTER_SLOTS = 1 << 11, // 128-byte granules
	CP_HEAP_DENSE_LOG2 = 22,           // 32 MiB of address space; what is used of it becomes memory
	CP_HEAP_DENSE_RATE_BYTES = 8192, // at this rate or below a large heap has that many live samples
};

/** What is remembered of a block while it lives. */
struct cp_heap_block {
	struct cp_stack *bucket;
	uint64_t size_bytes;
	uint64_t born_ticks; // cp_ticks_now()
};

/** Live samples whose addresses share a hash. */
typedef _Atomic(struct cp_heap_live *) cp_heap_chain;

/** How many sampled blocks live in each class of addresses; sticky at 255. */
extern __attribute__((visibility("hidden"))) _Atomic uint8_t cp_heap_filter[CP_HEAP_FILTER_SLOTS];
extern __attribute__((visibility("hidden"))) _Atomic uint8_t
	cp_heap_prefilter[CP_HEAP_PREFILTER_SLOTS];

extern __attribute__((visibility("hidden"))) struct cp_heap_live_table {
	struct cp_arena arena;
	_Atomic(cp_heap_chain *) dense_chains; // CP_HEAP_DENSE_LOG2 of them once a low rate was set; NULL
} cp_heap_live_table;

static inline uint32_t cp_heap_filter_slot(const void *ptr)
{
	return (uint32_t)((uintptr_t)ptr >> 4) & (CP_HEAP_FILTER_SLOTS - 1);
}

static inline uint32_t cp_heap_prefilter_slot(const void *ptr)
{
	return (uint32_t)((uintptr_t)ptr >> 7) & (CP_HEAP_PREFILTER_SLOTS - 1);
}

/** False: certainly not sampled. Context: SIG. */
static inline bool cp_heap_maybe_sampled(const void *ptr)
{
	bool is_near = load(&cp_heap_prefilter[cp_heap_prefilter_slot(ptr)], relaxed) != 0;
	return __builtin_expect(is_near, 0) && load(&cp_heap_filter[cp_heap_filter_slot(ptr)], relaxed) != 0;
}

/** Marks an address for cp_heap_maybe_sampled() for ever. */
void cp_heap_filter_pin(const void *ptr);

/** Remembers a block that is not in the table. False: no memory. */
bool cp_heap_live_add(const void *ptr, const struct cp_heap_block *block);

/** Takes a block out; false: it is not there. Only who may free the block may call it. */
bool cp_heap_live_take(const void *ptr, struct cp_heap_block *block_out);

#endif
