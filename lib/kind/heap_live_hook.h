// SPDX-License-Identifier: MIT
// Context: SIG. The sampled blocks that live, found by their address at free, where heap_filter_hook.h says that
// there may be one.
#ifndef CPROF_KIND_HEAP_LIVE_HOOK_H
#define CPROF_KIND_HEAP_LIVE_HOOK_H

#include "heap_filter_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/stacktab.h"
#include "sigsafe/types.h"

enum {
	CP_HEAP_DENSE_LOG2 = 22, // 32 MiB of address space; what is used of it becomes memory
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

extern __attribute__((visibility("hidden"))) struct cp_heap_live_table {
	struct cp_arena arena;
	_Atomic(cp_heap_chain *) dense_chains; // CP_HEAP_DENSE_LOG2 of them once a low rate was set; NULL
} cp_heap_live_table;

/** Remembers a block that is not in the table. False: no memory, or as cp_heap_filter_add(). */
bool cp_heap_live_add(const void *ptr, const struct cp_heap_block *block);

/** Takes a block out; false: it is not there. Only who may free the block may call it. */
bool cp_heap_live_take(const void *ptr, struct cp_heap_block *block_out);

#endif
