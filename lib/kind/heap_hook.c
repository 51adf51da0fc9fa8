// SPDX-License-Identifier: MIT
// Context: SIG. One sample: drawn, its stack taken, booked; and its end at free. See heap_hook.h.
#include "heap_hook.h"

#include "heap_count_hook.h"
#include "heap_draw_hook.h"
#include "sigsafe/capture.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/random.h"
#include "sigsafe/stackmemo.h"
#include "sigsafe/ticks.h"
#include "sigsafe/unwind.h"

enum {
	// While sampling is off a thread looks again after so many bytes.
	OFF_RECHECK_BYTES = 4 << 20,
};

CP_NEAR_DATA struct cp_heap_state cp_heap;
uint64_t cp_heap_rates[256];
__thread uint64_t cp_heap_countdown;

// The rest of a thread's state; touched once a sample.
static __thread struct {
	struct cp_random random;
	uint32_t rate_changes; // cp_heap.rate_changes + 1 when the countdown was drawn
	bool is_inside;
	bool is_own; // a thread of ours: libevent allocates on the HTTP listener's
} thread_state;

static uint64_t bucket_estimate_bytes(const struct cp_stack *bucket, uint64_t size_bytes)
{
	return cp_heap_estimate_bytes(
			size_bytes, cp_heap_rates[cp_heap_tag_rate_index(bucket->tag)]);
}

/** The caller's stack, without the frames of the interposed function. The leaf is moved into the call
 *  instruction, as every other entry of a profile's stack will be. */
static uint32_t capture_stack(const struct cp_regs *regs, uintptr_t pcs[static CP_CAPTURE_PCS], const void *caller)
{
	uint32_t npcs = cp_unwind(regs, pcs, CP_CAPTURE_PCS).nframes;
	for (uint32_t skip = 0; skip < npcs; skip++) {
		if (pcs[skip] == (uintptr_t)caller) {
			npcs -= skip;
			__builtin_memmove(pcs, pcs + skip, npcs * sizeof(*pcs));
			break;
		}
	}
	pcs[0]--;
	return cp_capture_cut(pcs, npcs);
}

/** An allocator whose malloc calls its own memalign by name comes by here twice with one block: the caller's
 *  record, which comes second, replaces that of the allocator's inside. */
static CP_FAR void forget_inner(const void *ptr)
{
	struct cp_heap_block inner;
	if (cp_heap_live_take(ptr, &inner))
		cp_heap_uncount_alloc(inner.bucket, inner.size_bytes,
				bucket_estimate_bytes(inner.bucket, inner.size_bytes));
}

static CP_FAR struct cp_stack *intern_remembered(
		const struct cp_stackmemo *memo, uint32_t npcs, uint64_t tag)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	uint64_t hash = cp_stackmemo_pcs(memo, pcs);
	return cp_stacktab_intern_hashed(&cp_heap.buckets, hash, pcs, npcs, cp_modmap_epoch_of(pcs, npcs), tag);
}

static CP_FAR struct cp_stack *intern_walked(
		const struct cp_regs *regs, const void *caller, uint64_t tag)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	uint32_t npcs = capture_stack(regs, pcs, caller);
	return cp_stacktab_intern(&cp_heap.buckets, pcs, npcs, cp_modmap_epoch_of(pcs, npcs), tag);
}

/** The bucket of the caller's stack; for all but the innermost frames by what is remembered of earlier ones. */
static CP_NEAR struct cp_stack *bucket_of(const struct cp_regs *regs, const void *caller, uint64_t tag)
{
	struct cp_stackmemo *memo = cp_stackmemo_take();
	if (!memo)
		return intern_walked(regs, caller, tag);
	uint32_t npcs = cp_stackmemo_walk(memo, regs, caller);
	void **bucket = npcs ? cp_stackmemo_note(memo, tag) : NULL;
	if (bucket && !*bucket)
		*bucket = intern_remembered(memo, npcs, tag);
	struct cp_stack *found = bucket ? *bucket : NULL;
	cp_stackmemo_give(memo);
	return found ? found : intern_walked(regs, caller, tag);
}

static CP_NEAR __attribute__((noinline)) void record(
		const void *ptr, size_t size, const struct cp_regs *regs, const void *caller)
{
	if (cp_heap_maybe_sampled(ptr))
		forget_inner(ptr);
	uint64_t tag = (uint64_t)cp_labels_own_id() << 32 |
			cp_heap_tag(cp_heap_size_class(size), load(&cp_heap.rate_index, relaxed));
	struct cp_heap_block block = {
			.bucket = bucket_of(regs, caller, tag),
			.size_bytes = size,
			.born_ticks = cp_ticks_now(),
	};
	if (cp_heap_live_add(ptr, &block))
		cp_heap_count_alloc(block.bucket, size, bucket_estimate_bytes(block.bucket, size));
	else
		fetch_add(&cp_heap.lost_samples, 1, relaxed);
}

bool cp_heap_exclude_self(bool is_own)
{
	bool before = thread_state.is_own;
	thread_state.is_own = is_own;
	return before;
}

bool cp_heap_is_own(void)
{
	return thread_state.is_own;
}

CP_NEAR void cp_heap_sample(void *ptr, size_t size, const struct cp_regs *regs, const void *caller)
{
	uint64_t rate_bytes = load(&cp_heap.rate_bytes, acquire);
	uint32_t changes = load(&cp_heap.rate_changes, relaxed) + 1;
	bool is_drawn = thread_state.rate_changes == changes;
	thread_state.rate_changes = changes;
	if (rate_bytes == 0 || !load(&cp_heap.is_ready, acquire) || cp_heap.sanitizer) {
		cp_heap_countdown = OFF_RECHECK_BYTES;
		return;
	}
	if (load(&cp_heap.is_counting, relaxed)) {
		cp_heap_countdown = 0;
		fetch_add(&cp_heap.counted_objects, ptr && !thread_state.is_own, relaxed);
		fetch_add(&cp_heap.counted_bytes, ptr && !thread_state.is_own ? size : 0, relaxed);
		return;
	}
	if (rate_bytes == 1) {
		cp_heap_countdown = 0;
		is_drawn = true;
	} else {
		if (thread_state.random.state == 0)
			cp_random_seed(&thread_state.random);
		cp_heap_countdown = cp_heap_draw_distance(&thread_state.random, rate_bytes);
		// The distance that ran out was of no rate (a new thread) or of another one. The new one
		// starts before this allocation, so that it has its chance too.
		if (!is_drawn && size >= cp_heap_countdown) {
			is_drawn = true;
			cp_heap_countdown = cp_heap_draw_distance(&thread_state.random, rate_bytes);
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
	record(ptr, size, regs, caller);
	thread_state.is_inside = false;
}

void cp_heap_come_by_soon(void)
{
	if (thread_state.is_inside)
		return;
	thread_state.rate_changes = 0; // of no rate: exponential distances do not mind being drawn anew
	cp_heap_countdown = 0;
}

CP_NEAR void cp_heap_freed(const struct cp_heap_block *taken)
{
	// Counters of two processors may differ by a little, and one begins anew where the machine has slept.
	uint64_t now_ticks = cp_ticks_now();
	uint64_t lifetime_ns = now_ticks > taken->born_ticks ? cp_ticks_to_ns(now_ticks - taken->born_ticks) : 0;
	cp_heap_count_free(taken->bucket, taken->size_bytes,
			bucket_estimate_bytes(taken->bucket, taken->size_bytes), lifetime_ns);
}

CP_FAR void cp_heap_restore(const void *ptr, const struct cp_heap_block *taken)
{
	// That it fails can hardly be: its own entry is free, unless another block has just taken it.
	if (!cp_heap_live_add(ptr, taken))
		cp_heap_freed(taken);
}
