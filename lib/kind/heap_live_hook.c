// SPDX-License-Identifier: MIT
// Context: SIG. See heap_live_hook.h.
//
// Nothing here waits or locks. A block is an entry of a hash table whose chains only grow: an entry whose
// block was freed keeps its place with ptr == FREE and is taken again by the next block of its chain. So a
// chain is as long as it ever had blocks at once, and no reader can meet a freed entry. An entry is found at
// free only by the one thread that may free the block, which makes the ownership of its plain fields clear:
// whoever moved ptr from FREE to BUSY, or finds its own block there.
#include "heap_live_hook.h"

#include "sigsafe/alone.h"

// Few, for each sample touches one: chains of a few blocks only where gigabytes live.
enum { BUCKETS_LOG2 = 12 };

// Blocks within so many bytes share a dense chain: it is no longer than those that lived there at once, however
// differently a program cuts its memory over time.
enum { DENSE_SPAN_LOG2 = 6 };

enum { FREE = 0, BUSY = 1 };

struct cp_heap_live {
	struct cp_heap_live *next;
	_Atomic uint64_t ptr; // FREE, BUSY, or the block
	struct cp_heap_block block;
};

CP_NEAR_DATA struct cp_heap_live_table cp_heap_live_table;

// Enough for the default rate. A low one adds the dense chains: from then on blocks are put there, and looked
// for in both.
static cp_heap_chain chains[1 << BUCKETS_LOG2] CP_TABLE;

/** Neighbours share cache lines: programs free what they allocated together. */
static cp_heap_chain *dense_chain_of(const void *ptr)
{
	cp_heap_chain *dense = load(&cp_heap_live_table.dense_chains, acquire);
	return dense ? &dense[(uintptr_t)ptr >> DENSE_SPAN_LOG2 & ((1 << CP_HEAP_DENSE_LOG2) - 1)] : NULL;
}

static cp_heap_chain *chain_of(const void *ptr)
{
	uint64_t hash = ((uint64_t)(uintptr_t)ptr >> 4) * 0x9e3779b97f4a7c15u;
	return &chains[hash >> (64 - BUCKETS_LOG2)];
}

static struct cp_heap_live *find(cp_heap_chain *chain, const void *ptr)
{
	struct cp_heap_live *l = chain ? load(chain, acquire) : NULL;
	while (l && load(&l->ptr, acquire) != (uintptr_t)ptr)
		l = l->next;
	return l;
}

/** An entry of ptr's chain that is BUSY and ours; NULL: no memory. */
static struct cp_heap_live *claim(const void *ptr)
{
	cp_heap_chain *dense = dense_chain_of(ptr);
	cp_heap_chain *chain = dense ? dense : chain_of(ptr);
	for (struct cp_heap_live *l = load(chain, acquire); l; l = l->next) {
		uint64_t expected = FREE;
		if (load(&l->ptr, relaxed) == FREE && cp_alone_exchange(&l->ptr, &expected, BUSY))
			return l;
	}
	struct cp_heap_live *l = cp_arena_alloc(&cp_heap_live_table.arena, sizeof(*l));
	if (!l)
		return NULL;
	store(&l->ptr, BUSY, relaxed);
	l->next = load(chain, relaxed);
	while (!compare_exchange(chain, &l->next, l, release))
		;
	return l;
}

CP_NEAR bool cp_heap_live_add(const void *ptr, const struct cp_heap_block *block)
{
	if (!cp_heap_filter_add(ptr))
		return false;
	struct cp_heap_live *l = claim(ptr);
	if (!l) {
		cp_heap_filter_remove(ptr);
		return false;
	}
	l->block = *block;
	store(&l->ptr, (uintptr_t)ptr, release);
	return true;
}

CP_NEAR bool cp_heap_live_take(const void *ptr, struct cp_heap_block *block_out)
{
	if (!ptr) // free(NULL), which is FREE as well
		return false;
	struct cp_heap_live *l = find(dense_chain_of(ptr), ptr);
	if (!l)
		l = find(chain_of(ptr), ptr);
	if (!l)
		return false;
	*block_out = l->block;
	store(&l->ptr, FREE, release);
	cp_heap_filter_remove(ptr);
	return true;
}
