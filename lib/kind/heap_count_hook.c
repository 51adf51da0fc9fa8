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
// in the moment of the peak: a few samples at most.
#include "heap_count_hook.h"

#include "heap_live_hook.h"
#include "sigsafe/futex.h"

enum value {
	ALLOC_OBJECTS,
	ALLOC_BYTES,
	PEAK_EPOCH,
	LIFETIMES, // the first struct cp_heap_lifetime
	PEAK_OBJECTS,
	PEAK_BYTES,
	FREED_OBJECTS, // where there is no memory for lifetimes
	FREED_BYTES,
};

static CP_NEAR_DATA struct {
	_Alignas(32) _Atomic int64_t inuse_estimate_bytes;
	_Atomic int64_t peak_estimate_bytes;
	_Atomic int64_t epoch; // of the peak
	_Atomic int64_t awaited_bytes; // 0: none
} total;

_Atomic uint32_t cp_heap_ngrown;

static struct cp_heap_amount amount(const struct cp_stack *bucket, enum value objects)
{
	return (struct cp_heap_amount){
			load(&bucket->values[objects], relaxed), load(&bucket->values[objects + 1], relaxed)};
}

struct cp_heap_lifetime *cp_heap_lifetimes(const struct cp_stack *bucket)
{
	return (struct cp_heap_lifetime *)(uintptr_t)load(&bucket->values[LIFETIMES], acquire);
}

struct cp_heap_amount cp_heap_allocated(const struct cp_stack *bucket)
{
	return amount(bucket, ALLOC_OBJECTS);
}

struct cp_heap_amount cp_heap_in_use(const struct cp_stack *bucket)
{
	struct cp_heap_amount freed = amount(bucket, FREED_OBJECTS);
	for (const struct cp_heap_lifetime *l = cp_heap_lifetimes(bucket); l; l = l->next) {
		freed.objects += load(&l->objects, relaxed);
		freed.bytes += load(&l->bytes, relaxed);
	}
	struct cp_heap_amount allocated = cp_heap_allocated(bucket);
	return (struct cp_heap_amount){allocated.objects - freed.objects, allocated.bytes - freed.bytes};
}

struct cp_heap_amount cp_heap_at_peak(const struct cp_stack *bucket)
{
	bool is_saved = load(&bucket->values[PEAK_EPOCH], relaxed) == load(&total.epoch, acquire);
	return is_saved ? amount(bucket, PEAK_OBJECTS) : cp_heap_in_use(bucket);
}

/** Before the first change of a bucket since the peak. */
static CP_NEAR void save_peak(struct cp_stack *bucket)
{
	int64_t epoch = load(&total.epoch, acquire);
	int64_t seen = load(&bucket->values[PEAK_EPOCH], relaxed);
	if (seen == epoch || !compare_exchange(&bucket->values[PEAK_EPOCH], &seen, epoch, relaxed))
		return;
	struct cp_heap_amount in_use = cp_heap_in_use(bucket);
	store(&bucket->values[PEAK_OBJECTS], in_use.objects, relaxed);
	store(&bucket->values[PEAK_BYTES], in_use.bytes, relaxed);
}

static CP_FAR void tell_of_growth(void)
{
	if (exchange(&total.awaited_bytes, 0, relaxed) == 0)
		return;
	fetch_add(&cp_heap_ngrown, 1, release);
	cp_futex_wake(&cp_heap_ngrown, INT32_MAX);
}

void cp_heap_await_growth(int64_t bytes)
{
	int64_t awaited = load(&total.awaited_bytes, relaxed);
	while ((awaited == 0 || awaited > bytes) &&
			!compare_exchange(&total.awaited_bytes, &awaited, bytes, relaxed))
		;
}

static void grow_total(int64_t estimate_bytes)
{
	int64_t now = fetch_add(&total.inuse_estimate_bytes, estimate_bytes, relaxed) + estimate_bytes;
	int64_t peak = load(&total.peak_estimate_bytes, relaxed);
	while (now > peak) {
		if (compare_exchange(&total.peak_estimate_bytes, &peak, now, relaxed)) {
			fetch_add(&total.epoch, 1, release);
			break;
		}
	}
	int64_t awaited = load(&total.awaited_bytes, relaxed);
	if (__builtin_expect(awaited && now > awaited, 0))
		tell_of_growth();
}

int64_t cp_heap_estimate_in_use(void)
{
	return load(&total.inuse_estimate_bytes, relaxed);
}

CP_NEAR void cp_heap_count_alloc(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes)
{
	save_peak(bucket);
	fetch_add(&bucket->values[ALLOC_OBJECTS], 1, relaxed);
	fetch_add(&bucket->values[ALLOC_BYTES], (int64_t)size_bytes, relaxed);
	grow_total((int64_t)estimate_bytes);
}

void cp_heap_uncount_alloc(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes)
{
	save_peak(bucket);
	fetch_sub(&bucket->values[ALLOC_OBJECTS], 1, relaxed);
	fetch_sub(&bucket->values[ALLOC_BYTES], (int64_t)size_bytes, relaxed);
	fetch_sub(&total.inuse_estimate_bytes, (int64_t)estimate_bytes, relaxed);
}

/** The bucket's entry for this lifetime; NULL: no memory. Two threads may make two: they are added up. */
static struct cp_heap_lifetime *lifetime_entry(struct cp_stack *bucket, uint32_t log2_ns)
{
	struct cp_heap_lifetime *l = cp_heap_lifetimes(bucket);
	while (l && l->log2_ns != log2_ns)
		l = l->next;
	if (l)
		return l;
	l = cp_arena_alloc(&cp_heap_live_table.arena, sizeof(*l));
	if (!l)
		return NULL;
	l->log2_ns = log2_ns;
	int64_t head = load(&bucket->values[LIFETIMES], relaxed);
	do {
		l->next = (struct cp_heap_lifetime *)(uintptr_t)head;
	} while (!compare_exchange(&bucket->values[LIFETIMES], &head, (int64_t)(uintptr_t)l, release));
	return l;
}

CP_NEAR void cp_heap_count_free(struct cp_stack *bucket, uint64_t size_bytes, uint64_t estimate_bytes,
		uint64_t lifetime_ns)
{
	uint32_t log2_ns = lifetime_ns > 1 ? 64 - (uint32_t)__builtin_clzll(lifetime_ns - 1) : 1;
	struct cp_heap_lifetime *l = lifetime_entry(bucket, log2_ns);
	save_peak(bucket);
	fetch_add(l ? &l->objects : &bucket->values[FREED_OBJECTS], 1, relaxed);
	fetch_add(l ? &l->bytes : &bucket->values[FREED_BYTES], (int64_t)size_bytes, relaxed);
	fetch_sub(&total.inuse_estimate_bytes, (int64_t)estimate_bytes, relaxed);
}
