// SPDX-License-Identifier: MIT
// Context: SIG. The heap profile's share of malloc and free.
//
// The fast path is a countdown of bytes to this thread's next sample, and at free a look into a small
// array of counters that says "no sampled block is at an address like this". Both are inline here and in
// lib/interpose/malloc.c; everything else happens once in hundreds of kilobytes, in heap_hook.c.
//
// Sampling is Poisson by bytes: the distance to the next sample is exponential with the rate as its
// mean, so a block of s bytes is sampled with probability 1 - exp(-s/rate) whatever came before it.
// A bucket (stack, size class, rate) keeps raw counts; whoever writes the profile scales them (heap.c).
#ifndef CPROF_KIND_HEAP_HOOK_H
#define CPROF_KIND_HEAP_HOOK_H

#include "sigsafe/atomic.h"
#include "sigsafe/stacktab.h"
#include "sigsafe/types.h"

enum {
	CP_HEAP_FILTER_SLOTS = 1 << 17, // 16-byte granules: two blocks 2 MiB apart share a counter
	CP_HEAP_MAX_FRAMES = 128,       // Go's profstackdepth; keeps our own stack use at 1 KiB
};

// What a bucket's values[] hold. Raw: samples and their bytes, not scaled.
enum cp_heap_value {
	CP_HEAP_ALLOC_OBJECTS,
	CP_HEAP_ALLOC_BYTES,
	CP_HEAP_INUSE_OBJECTS,
	CP_HEAP_INUSE_BYTES,
	CP_HEAP_PEAK_OBJECTS, // in use when the whole heap was largest; see heap_hook.c
	CP_HEAP_PEAK_BYTES,
	CP_HEAP_PEAK_EPOCH,
};

/** How many sampled blocks live in each class of addresses; sticky at 255. */
extern __attribute__((visibility("hidden"))) _Atomic uint8_t cp_heap_filter[CP_HEAP_FILTER_SLOTS];

/** Bytes until this thread's next sample. 0 in a new thread: its first allocation draws. */
extern __attribute__((visibility("hidden"), tls_model("initial-exec"))) __thread uint64_t
	cp_heap_countdown;

static inline uint32_t cp_heap_filter_slot(const void *ptr)
{
	return (uint32_t)((uintptr_t)ptr >> 4) & (CP_HEAP_FILTER_SLOTS - 1);
}

/** Counts an allocation; true: cp_heap_sample() is due for it. Context: SIG. */
static inline bool cp_heap_due(size_t size)
{
	uint64_t left = cp_heap_countdown;
	if (__builtin_expect(size >= left, 0))
		return true;
	cp_heap_countdown = left - size;
	return false;
}

/** False: certainly not sampled. Context: SIG. */
static inline bool cp_heap_maybe_sampled(const void *ptr)
{
	return __builtin_expect(load(&cp_heap_filter[cp_heap_filter_slot(ptr)], relaxed) != 0, 0);
}

/**
 * Draws the next distance and, if this allocation was its end, records it: `ptr` is what the real
 * allocator gave (NULL: it failed, nothing is recorded), `caller` the return address of the interposed
 * function, where the stack begins. Context: SIG.
 */
void cp_heap_sample(void *ptr, size_t size, const void *caller);

/** What a freed sample was, for cp_heap_restore(). */
struct cp_heap_taken {
	struct cp_heap_live *live; // NULL: it was none
	uint64_t size_bytes;
	uint64_t time_ns;
	struct cp_stack *bucket;
};

/** Forgets the sample at ptr, if there is one. Before the real free: the address may be handed out
 *  again at once. Context: SIG. */
struct cp_heap_taken cp_heap_take(void *ptr);

/** Books what was taken as freed. */
void cp_heap_freed(const struct cp_heap_taken *taken);

/** What the calling thread allocates is not the program's: no sample is taken of it. */
void cp_heap_exclude_self(void);
bool cp_heap_is_own(void);

/** Puts it back: the realloc that was to free it failed. */
void cp_heap_restore(void *ptr, const struct cp_heap_taken *taken);

/** Marks an address for cp_heap_maybe_sampled() for ever (blocks of the start-up arena). */
void cp_heap_filter_pin(const void *ptr);

/// What heap.c reads and sets.

/** Live samples whose addresses share a hash. */
typedef _Atomic(struct cp_heap_live *) cp_heap_chain;

enum {
	CP_HEAP_DENSE_LOG2 = 22,         // 32 MiB of address space; what is used of it becomes memory
	CP_HEAP_DENSE_RATE_BYTES = 8192, // at this rate or below a large heap has that many live samples
};

struct cp_heap_state {
	struct cp_stacktab buckets;
	struct cp_arena live_arena;
	_Atomic(cp_heap_chain *) dense_chains; // CP_HEAP_DENSE_LOG2 of them once a low rate was set; NULL
	_Atomic bool is_ready;         // tables are there, the unwinder works
	_Atomic uint64_t rate_bytes;   // 0: off
	_Atomic uint32_t rate_index;   // in rates[], of the last rate above 0
	_Atomic uint32_t rate_changes; // a thread that drew at another count draws anew, without a sample
	_Atomic int64_t inuse_estimate_bytes; // scaled; tells when the peak is
	_Atomic int64_t peak_estimate_bytes;
	_Atomic int64_t peak_epoch;
	_Atomic uint64_t lost_samples; // no memory for them, or taken inside ourselves
	uint64_t rates[256]; // by the rate index in a bucket's tag
	// lib/interpose/malloc.c sets these.
	bool is_shadowed;      // by a malloc that the program calls instead of ours
	const char *sanitizer; // whose allocator this is; nothing is sampled then. NULL: none
};

extern __attribute__((visibility("hidden"))) struct cp_heap_state cp_heap;

/** Tags of buckets: size class, rate index, lifetime: 0 in the bucket that counts all; k in the one that
 *  counts once more, under ALLOC, those freed within 2^k ns. The high half: the id of the labels. */
static inline uint64_t cp_heap_tag(uint32_t size_class, uint32_t rate_index, uint32_t lifetime_log2)
{
	return size_class | (uint64_t)rate_index << 16 | (uint64_t)lifetime_log2 << 24;
}

static inline uint32_t cp_heap_tag_size_class(uint64_t tag)
{
	return tag & 0xffff;
}

static inline uint32_t cp_heap_tag_rate_index(uint64_t tag)
{
	return (uint32_t)(tag >> 16) & 0xff;
}

static inline uint32_t cp_heap_tag_lifetime_log2(uint64_t tag)
{
	return (uint32_t)(tag >> 24) & 0xff;
}

static inline uint32_t cp_heap_tag_labels(uint64_t tag)
{
	return (uint32_t)(tag >> 32);
}

/** Eight classes a doubling: sizes of a class differ by 12.5 % at most, so scaling by their mean is
 *  exact enough and malloc(n) in a loop makes few buckets. */
uint32_t cp_heap_size_class(size_t size_bytes);

/** size / (1 - exp(-size / rate)): the bytes a sample of this size stands for. */
uint64_t cp_heap_estimate_bytes(uint64_t size_bytes, uint64_t rate_bytes);

#endif
