// SPDX-License-Identifier: MIT
// Context: SIG. Sampled blocks: drawing, recording, finding again at free. See heap_hook.h.
//
// Nothing here waits or locks. A live sample is an entry of a hash table whose chains only grow: an
// entry whose block was freed keeps its place with ptr == FREE and is taken again by the next block of
// its chain. So a chain is as long as it ever had blocks at once, and no reader can meet a freed entry.
// An entry is found at free only by the one thread that may free the block, which makes the ownership
// of its plain fields clear: whoever moved ptr from FREE to BUSY, or from the block to BUSY.
//
// The peak is exact at no cost a bucket: each new maximum of the whole heap begins a new epoch, and a
// bucket that is touched for the first time since then first saves what it held: that was its share of
// the peak. A bucket not touched since holds its share still.
#include "heap_hook.h"

#include <time.h>

#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/random.h"
#include "sigsafe/sys.h"
#include "sigsafe/unwind.h"

enum {
	LIVE_BUCKETS_LOG2 = 16,
	// While sampling is off a thread looks again after so many bytes.
	OFF_RECHECK_BYTES = 4 << 20,
};

enum { FREE = 0, BUSY = 1 };

static const uint64_t LN2_Q32 = 2977044472u;

struct cp_heap_live {
	struct cp_heap_live *next;
	_Atomic uintptr_t ptr; // FREE, BUSY, or the block
	struct cp_stack *bucket;
	uint64_t size_bytes;
	uint64_t time_ns;
};

struct cp_heap_state cp_heap;
_Atomic uint8_t cp_heap_filter[CP_HEAP_FILTER_SLOTS];
__thread uint64_t cp_heap_countdown;

// Enough for the default rate. A low one adds cp_heap.dense_chains: from then on blocks are put there, and
// looked for in both.
static cp_heap_chain live_chains[1 << LIVE_BUCKETS_LOG2];

// The rest of a thread's state; touched once a sample.
static __thread struct {
	struct cp_random random;
	uint32_t rate_changes; // cp_heap.rate_changes + 1 when the countdown was drawn
	bool is_inside;
	bool is_own; // a thread of ours: libevent allocates on the HTTP listener's
} thread_state;

/** log2(x) in 1/2^26, x > 0: the integer part from the top bit, the fraction bit by bit by squaring. */
static uint64_t log2_q26(uint32_t x)
{
	unsigned top = 31 - (unsigned)__builtin_clz(x);
	uint64_t log = (uint64_t)top << 26;
	uint64_t y = (uint64_t)x << (63 - top) >> 32; // 1 <= y / 2^31 < 2
	for (unsigned bit = 26; bit-- > 0;) {
		y = y * y >> 31;
		if (y >> 32) {
			y >>= 1;
			log |= (uint64_t)1 << bit;
		}
	}
	return log;
}

/** Exponential with this mean: -ln(q) * mean, q even in (0, 1]. At least 1. */
static uint64_t draw_distance(struct cp_random *random, uint64_t mean_bytes)
{
	uint32_t q = (uint32_t)(cp_random_next(random) >> 32);
	uint64_t log = ((uint64_t)32 << 26) - (q ? log2_q26(q) : (uint64_t)32 << 26);
	unsigned __int128 distance = (unsigned __int128)log * LN2_Q32 * mean_bytes >> (26 + 32);
	return (uint64_t)distance + 1;
}

/** n * 2^32 / d, for a result below 2^64, without the 128-bit division libgcc would do. */
static uint64_t ratio_q32(uint64_t n, uint64_t d)
{
	unsigned shift = 0;
	while (n >> 32) {
		n >>= 1;
		shift++;
	}
	// What is cut off is below 1/2^31 of n: d is shifted with it while it can be, the rest put back.
	unsigned common = shift;
	while (common && !(d >> common))
		common--;
	return ((n << 32) / (d >> common)) << (shift - common);
}

/** exp(-n/d) in 1/2^32. */
static uint64_t exp_minus_q32(uint64_t n, uint64_t d)
{
	if (n / d >= 22)
		return 0;
	// 2^-(n/d / ln 2): whole halvings by a shift, the rest by the series of exp(-r), r < ln 2.
	uint64_t x = ratio_q32(n, d);
	uint64_t halvings = x / LN2_Q32;
	uint64_t r = x % LN2_Q32;
	uint64_t sum = (uint64_t)1 << 32, term = (uint64_t)1 << 32;
	for (uint64_t k = 1; k < 14; k++) {
		term = (uint64_t)((unsigned __int128)term * r >> 32) / k;
		sum = k & 1 ? sum - term : sum + term;
	}
	return sum >> halvings;
}

uint64_t cp_heap_estimate_bytes(uint64_t size_bytes, uint64_t rate_bytes)
{
	if (rate_bytes <= 1 || size_bytes == 0)
		return size_bytes;
	if (size_bytes < rate_bytes >> 10)
		return rate_bytes + size_bytes / 2; // the series; the next term is below 1/10^7
	uint64_t probability_q32 = ((uint64_t)1 << 32) - exp_minus_q32(size_bytes, rate_bytes);
	if (probability_q32 >> 32)
		return size_bytes;
	return ratio_q32(size_bytes, probability_q32);
}

uint32_t cp_heap_size_class(size_t size_bytes)
{
	if (size_bytes < 16)
		return (uint32_t)size_bytes;
	unsigned top = 63 - (unsigned)__builtin_clzll(size_bytes);
	return top * 8 + (uint32_t)(size_bytes >> (top - 3) & 7);
}

static uint64_t now_ns(void)
{
	struct timespec ts = {0};
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void cp_heap_filter_pin(const void *ptr)
{
	store(&cp_heap_filter[cp_heap_filter_slot(ptr)], UINT8_MAX, relaxed);
}

static void filter_add(const void *ptr, int delta)
{
	_Atomic uint8_t *counter = &cp_heap_filter[cp_heap_filter_slot(ptr)];
	uint8_t seen = load(counter, relaxed);
	do {
		if (seen == UINT8_MAX)
			return; // too many to count: stays, and costs a lookup
	} while (!compare_exchange(counter, &seen, (uint8_t)(seen + delta), relaxed));
}

/** Neighbours share cache lines: programs free what they allocated together. */
static cp_heap_chain *dense_chain_of(const void *ptr)
{
	cp_heap_chain *dense = load(&cp_heap.dense_chains, acquire);
	return dense ? &dense[(uintptr_t)ptr >> 4 & ((1 << CP_HEAP_DENSE_LOG2) - 1)] : NULL;
}

static cp_heap_chain *chain_of(const void *ptr)
{
	uint64_t hash = ((uint64_t)(uintptr_t)ptr >> 4) * 0x9e3779b97f4a7c15u;
	return &live_chains[hash >> (64 - LIVE_BUCKETS_LOG2)];
}

static struct cp_heap_live *find_live(cp_heap_chain *chain, const void *ptr)
{
	struct cp_heap_live *l = chain ? load(chain, acquire) : NULL;
	while (l && load(&l->ptr, acquire) != (uintptr_t)ptr)
		l = l->next;
	return l;
}

/** An entry of ptr's chain that is BUSY and ours; NULL: no memory. */
static struct cp_heap_live *live_claim(const void *ptr)
{
	cp_heap_chain *dense = dense_chain_of(ptr);
	cp_heap_chain *chain = dense ? dense : chain_of(ptr);
	for (struct cp_heap_live *l = load(chain, acquire); l; l = l->next) {
		uintptr_t expected = FREE;
		if (load(&l->ptr, relaxed) == FREE && compare_exchange(&l->ptr, &expected, BUSY, acquire))
			return l;
	}
	struct cp_heap_live *l = cp_arena_alloc(&cp_heap.live_arena, sizeof(*l));
	if (!l)
		return NULL;
	store(&l->ptr, BUSY, relaxed);
	l->next = load(chain, relaxed);
	while (!compare_exchange(chain, &l->next, l, release))
		;
	return l;
}

/** Books objects and bytes in or out of use, and finds the peak. */
static void account_inuse(struct cp_stack *bucket, int64_t objects, int64_t bytes, int64_t estimate_bytes)
{
	int64_t epoch = load(&cp_heap.peak_epoch, acquire);
	int64_t seen = load(&bucket->values[CP_HEAP_PEAK_EPOCH], relaxed);
	if (seen != epoch && compare_exchange(&bucket->values[CP_HEAP_PEAK_EPOCH], &seen, epoch, relaxed)) {
		store(&bucket->values[CP_HEAP_PEAK_OBJECTS],
				load(&bucket->values[CP_HEAP_INUSE_OBJECTS], relaxed), relaxed);
		store(&bucket->values[CP_HEAP_PEAK_BYTES],
				load(&bucket->values[CP_HEAP_INUSE_BYTES], relaxed), relaxed);
	}
	fetch_add(&bucket->values[CP_HEAP_INUSE_OBJECTS], objects, relaxed);
	fetch_add(&bucket->values[CP_HEAP_INUSE_BYTES], bytes, relaxed);
	int64_t total = fetch_add(&cp_heap.inuse_estimate_bytes, estimate_bytes, relaxed) + estimate_bytes;
	int64_t peak = load(&cp_heap.peak_estimate_bytes, relaxed);
	while (total > peak) {
		if (compare_exchange(&cp_heap.peak_estimate_bytes, &peak, total, relaxed)) {
			fetch_add(&cp_heap.peak_epoch, 1, release);
			break;
		}
	}
}

static int64_t bucket_estimate_bytes(const struct cp_stack *bucket, uint64_t size_bytes)
{
	return (int64_t)cp_heap_estimate_bytes(
			size_bytes, cp_heap.rates[cp_heap_tag_rate_index(bucket->tag)]);
}

/** The caller's stack, without the frames of the interposed function. The leaf is moved into the call
 *  instruction, as every other entry of a profile's stack will be. */
static uint32_t capture_stack(uintptr_t *pcs, const void *caller)
{
	struct cp_regs regs;
	cp_regs_here(&regs);
	uint32_t npcs = cp_unwind(&regs, pcs, CP_HEAP_MAX_FRAMES).nframes;
	for (uint32_t skip = 0; skip < npcs; skip++) {
		if (pcs[skip] == (uintptr_t)caller) {
			npcs -= skip;
			__builtin_memmove(pcs, pcs + skip, npcs * sizeof(*pcs));
			break;
		}
	}
	pcs[0]--;
	return npcs;
}

/** An allocator whose malloc calls its own memalign by name comes by here twice with one block: the caller's
 *  record, which comes second, replaces that of the allocator's inside. */
static void forget_inner(void *ptr)
{
	struct cp_heap_taken inner = cp_heap_take(ptr);
	if (!inner.live)
		return;
	fetch_sub(&inner.bucket->values[CP_HEAP_ALLOC_OBJECTS], 1, relaxed);
	fetch_sub(&inner.bucket->values[CP_HEAP_ALLOC_BYTES], (int64_t)inner.size_bytes, relaxed);
	account_inuse(inner.bucket, -1, -(int64_t)inner.size_bytes,
			-bucket_estimate_bytes(inner.bucket, inner.size_bytes));
}

static __attribute__((noinline)) void record(void *ptr, size_t size, const void *caller)
{
	uintptr_t pcs[CP_HEAP_MAX_FRAMES];
	if (cp_heap_maybe_sampled(ptr))
		forget_inner(ptr);
	uint32_t npcs = capture_stack(pcs, caller);
	uint32_t rate_index = load(&cp_heap.rate_index, relaxed);
	uint64_t labels = (uint64_t)cp_labels_current_id(cp_gettid()) << 32;
	struct cp_stack *bucket = cp_stacktab_intern(&cp_heap.buckets, pcs, npcs, cp_modmap_epoch(),
			labels | cp_heap_tag(cp_heap_size_class(size), rate_index, 0));
	struct cp_heap_live *live = live_claim(ptr);
	if (!live) {
		fetch_add(&cp_heap.lost_samples, 1, relaxed);
		return;
	}
	live->bucket = bucket;
	live->size_bytes = size;
	live->time_ns = now_ns();
	fetch_add(&bucket->values[CP_HEAP_ALLOC_OBJECTS], 1, relaxed);
	fetch_add(&bucket->values[CP_HEAP_ALLOC_BYTES], (int64_t)size, relaxed);
	account_inuse(bucket, 1, (int64_t)size, bucket_estimate_bytes(bucket, size));
	store(&live->ptr, (uintptr_t)ptr, release);
	filter_add(ptr, 1);
}

void cp_heap_exclude_self(void)
{
	thread_state.is_own = true;
}

bool cp_heap_is_own(void)
{
	return thread_state.is_own;
}

void cp_heap_sample(void *ptr, size_t size, const void *caller)
{
	uint64_t rate_bytes = load(&cp_heap.rate_bytes, acquire);
	uint32_t changes = load(&cp_heap.rate_changes, relaxed) + 1;
	bool is_drawn = thread_state.rate_changes == changes;
	thread_state.rate_changes = changes;
	if (rate_bytes == 0 || !load(&cp_heap.is_ready, acquire) || cp_heap.sanitizer) {
		cp_heap_countdown = OFF_RECHECK_BYTES;
		return;
	}
	if (rate_bytes == 1) {
		cp_heap_countdown = 0;
		is_drawn = true;
	} else {
		if (thread_state.random.state == 0)
			cp_random_seed(&thread_state.random);
		cp_heap_countdown = draw_distance(&thread_state.random, rate_bytes);
		// The distance that ran out was of no rate (a new thread) or of another one. The new one
		// starts before this allocation, so that it has its chance too.
		if (!is_drawn && size >= cp_heap_countdown) {
			is_drawn = true;
			cp_heap_countdown = draw_distance(&thread_state.random, rate_bytes);
		} else if (!is_drawn) {
			cp_heap_countdown -= size;
		}
	}
	if (!is_drawn || !ptr || thread_state.is_own)
		return;
	if (thread_state.is_inside) { // a signal handler that allocates came upon us
		fetch_add(&cp_heap.lost_samples, 1, relaxed);
		return;
	}
	thread_state.is_inside = true;
	record(ptr, size, caller);
	thread_state.is_inside = false;
}

struct cp_heap_taken cp_heap_take(void *ptr)
{
	if (!ptr) // free(NULL), which is FREE as well
		return (struct cp_heap_taken){0};
	struct cp_heap_live *l = find_live(dense_chain_of(ptr), ptr);
	if (!l)
		l = find_live(chain_of(ptr), ptr);
	if (!l)
		return (struct cp_heap_taken){0};
	struct cp_heap_taken taken = {l, l->size_bytes, l->time_ns, l->bucket};
	filter_add(ptr, -1);
	store(&l->ptr, FREE, release);
	return taken;
}

void cp_heap_freed(const struct cp_heap_taken *taken)
{
	struct cp_stack *bucket = taken->bucket;
	if (!taken->live)
		return;
	account_inuse(bucket, -1, -(int64_t)taken->size_bytes,
			-bucket_estimate_bytes(bucket, taken->size_bytes));
	if (bucket == &cp_heap.buckets.overflow)
		return;
	// Counted once more by its lifetime; the bucket itself goes on counting all its allocations.
	uint64_t lifetime_ns = now_ns() - taken->time_ns;
	unsigned lifetime_log2 = lifetime_ns > 1 ? 64 - (unsigned)__builtin_clzll(lifetime_ns - 1) : 1;
	struct cp_stack *freed = cp_stacktab_intern(&cp_heap.buckets, bucket->pcs, bucket->npcs,
			bucket->epoch, bucket->tag | cp_heap_tag(0, 0, lifetime_log2));
	if (freed == &cp_heap.buckets.overflow)
		return;
	fetch_add(&freed->values[CP_HEAP_ALLOC_OBJECTS], 1, relaxed);
	fetch_add(&freed->values[CP_HEAP_ALLOC_BYTES], (int64_t)taken->size_bytes, relaxed);
}

void cp_heap_restore(void *ptr, const struct cp_heap_taken *taken)
{
	if (!taken->live)
		return;
	struct cp_heap_live *live = live_claim(ptr);
	if (!live) { // cannot be: its own entry is free, unless another block has just taken it
		cp_heap_freed(taken);
		return;
	}
	live->bucket = taken->bucket;
	live->size_bytes = taken->size_bytes;
	live->time_ns = taken->time_ns;
	store(&live->ptr, (uintptr_t)ptr, release);
	filter_add(ptr, 1);
}
