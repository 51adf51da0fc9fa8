// SPDX-License-Identifier: MIT
// Context: CTL. See line_cache.h. Lists only grow, at their heads, so nobody locks, and a fork may come at any time.
#include "line_cache.h"

#include "sigsafe/atomic.h"
#include "sigsafe/pagealloc.h"

enum { NBUCKETS_LOG2 = 12, LIMIT_BYTES = 4 << 20 };

static struct cp_arena arena = {.limit_bytes = LIMIT_BYTES};
static _Atomic(struct cp_line *) buckets[1 << NBUCKETS_LOG2] CP_TABLE;

static _Atomic(struct cp_line *) *bucket_of(uint32_t module_id, uint64_t vaddr)
{
	uint64_t hash = (vaddr ^ (uint64_t)module_id << 48) * 0x9e3779b97f4a7c15u;
	return &buckets[hash >> (64 - NBUCKETS_LOG2)];
}

const struct cp_line *cp_line_cache_find(uint32_t module_id, uint64_t vaddr)
{
	const struct cp_line *l = load(bucket_of(module_id, vaddr), acquire);
	while (l && (l->vaddr != vaddr || l->module_id != module_id))
		l = l->next;
	return l;
}

void cp_line_cache_add(uint32_t module_id, uint64_t vaddr, uint32_t line, const char *path, size_t path_bytes)
{
	_Atomic(struct cp_line *) *bucket = bucket_of(module_id, vaddr);
	struct cp_line *l = cp_arena_alloc(&arena, sizeof(*l) + path_bytes);
	if (!l)
		return;
	l->vaddr = vaddr;
	l->module_id = module_id;
	l->line = line;
	l->path_bytes = path_bytes;
	// memcpy may be ThreadSanitizer's, which does not see that readers come by what is published below.
	for (size_t i = 0; i < path_bytes; i++)
		((volatile char *)l->path)[i] = path[i];
	l->next = load(bucket, relaxed);
	while (!atomic_compare_exchange_weak_explicit(
			bucket, &l->next, l, memory_order_release, memory_order_relaxed))
		;
}
