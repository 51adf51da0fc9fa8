// SPDX-License-Identifier: MIT
// Context: SIG. See heap_count_hook.h.
//
// A bucket counts what was allocated, and what was freed, by lifetime; what is in use is the difference, so
// that neither malloc nor free has to count it.
//
// The peak costs a bucket nothing while the heap is below it: each new maximum of the whole heap begins a new
// epoch, and a bucket that is touched for the first time since then first saves what it holds: that was its
// share of the peak. A bucket not touched since holds its share still. With one thread this is exact. With
// several, a share may be off by what they allocate and free between their counting it here and in the total,
// in the moment of the peak: a few samples, or the hundredth that heap_total_hook.c lets lie apart.
#include "heap_count_hook.h"

#include "heap_live_hook.h"
#include "heap_total_hook.h"
#include "sigsafe/alone.h"

enum value {
	ALLOC_OBJECTS,
	ALLOC_BYTES,
	PEAK_EPOCH,
	LIFETIMES, // the first struct cp_heap_lifetimes
	PEAK_OBJECTS,
	PEAK_BYTES,
	FREED_OBJECTS, // where there is no memory for lifetimes
	FREED_BYTES,
};

static struct cp_heap_amount amount(const struct cp_stack *bucket, enum value objects)
{
	return (struct cp_heap_amount){
			load(&bucket->values[objects], relaxed), load(&bucket->values[objects + 1], relaxed)};
}

struct cp_heap_lifetimes *cp_heap_lifetimes(const struct cp_stack *bucket)
{
	return (struct cp_heap_lifetimes *)(uintptr_t)load(&bucket->values[LIFETIMES], acquire);
}

struct cp_heap_amount cp_heap_freed_within(const struct cp_heap_lifetimes *group, uint32_t i)
{
	return (struct cp_heap_amount){
			load(&group->amounts[i].objects, relaxed), load(&group->amounts[i].bytes, relaxed)};
}

struct cp_heap_amount cp_heap_allocated(const struct cp_stack *bucket)
{
	return amount(bucket, ALLOC_OBJECTS);
}

struct cp_heap_amount cp_heap_in_use(const struct cp_stack *bucket)
{
	struct cp_heap_amount freed = amount(bucket, FREED_OBJECTS);
	for (const struct cp_heap_lifetimes *group = cp_heap_lifetimes(bucket); group; group = group->next) {
		for (uint32_t i = 0; i < 1 << CP_HEAP_LIFETIMES_LOG2; i++) {
			struct cp_heap_amount within = cp_heap_freed_within(group, i);
			freed.objects += within.objects;
			freed.bytes += within.bytes;
		}
	}
	struct cp_heap_amount allocated = cp_heap_allocated(bucket);
	return (struct cp_heap_amount){allocated.objects - freed.objects, allocated.bytes - freed.bytes};
}

struct cp_heap_amount cp_heap_at_peak(const struct cp_stack *bucket)
{
	bool is_saved = load(&bucket->values[PEAK_EPOCH], relaxed) == cp_heap_peak_epoch();
	return is_saved ? amount(bucket, PEAK_OBJECTS) : cp_heap_in_use(bucket);
}

/** Before the first change of a bucket since the peak. */
static CP_NEAR void save_peak(struct cp_stack *bucket)
{
	int64_t epoch = cp_heap_peak_epoch();
	int64_t seen = load(&bucket->values[PEAK_EPOCH], relaxed);
	if (seen == epoch || !cp_alone_exchange_signed(&bucket->values[PEAK_EPOCH], &seen, epoch))
		return;
	struct cp_heap_amount in_use = cp_heap_in_use(bucket);
	store(&bucket->values[PEAK_OBJECTS], in_use.objects, relaxed);
	store(&bucket->values[PEAK_BYTES], in_use.bytes, relaxed);
}

CP_NEAR void cp_heap_count_alloc(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes)
{
	save_peak(bucket);
	cp_alone_add(&bucket->values[ALLOC_OBJECTS], 1);
	cp_alone_add(&bucket->values[ALLOC_BYTES], (int64_t)size_bytes);
	cp_heap_total_add((int64_t)estimate_bytes);
}

void cp_heap_uncount_alloc(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes)
{
	save_peak(bucket);
	cp_alone_add(&bucket->values[ALLOC_OBJECTS], -1);
	cp_alone_add(&bucket->values[ALLOC_BYTES], -(int64_t)size_bytes);
	cp_heap_total_add(-(int64_t)estimate_bytes);
}

/** The bucket's group with this lifetime; NULL: no memory. Two threads may make two: they are added up. */
static struct cp_heap_lifetimes *group_of(struct cp_stack *bucket, uint32_t log2_ns)
{
	uint32_t first_log2_ns = log2_ns >> CP_HEAP_LIFETIMES_LOG2 << CP_HEAP_LIFETIMES_LOG2;
	struct cp_heap_lifetimes *group = cp_heap_lifetimes(bucket);
	while (group && group->first_log2_ns != first_log2_ns)
		group = group->next;
	if (group)
		return group;
	group = cp_arena_alloc(&cp_heap_live_table.arena, sizeof(*group));
	if (!group)
		return NULL;
	group->first_log2_ns = first_log2_ns;
	int64_t head = load(&bucket->values[LIFETIMES], relaxed);
	do {
		group->next = (struct cp_heap_lifetimes *)(uintptr_t)head;
	} while (!compare_exchange(&bucket->values[LIFETIMES], &head, (int64_t)(uintptr_t)group, release));
	return group;
}

CP_NEAR void cp_heap_count_free(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes,
		uint64_t lifetime_ns)
{
	uint32_t log2_ns = lifetime_ns > 1 ? 64 - (uint32_t)__builtin_clzll(lifetime_ns - 1) : 1;
	struct cp_heap_lifetimes *group = group_of(bucket, log2_ns);
	uint32_t i = log2_ns & ((1 << CP_HEAP_LIFETIMES_LOG2) - 1);
	save_peak(bucket);
	cp_alone_add(group ? &group->amounts[i].objects : &bucket->values[FREED_OBJECTS], 1);
	cp_alone_add(group ? &group->amounts[i].bytes : &bucket->values[FREED_BYTES], (int64_t)size_bytes);
	cp_heap_total_add(-(int64_t)estimate_bytes);
}
