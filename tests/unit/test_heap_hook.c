// SPDX-License-Identifier: MIT
// The heap sampler's arithmetic: distances are exponential, estimates unbiased, addresses found again.
#include <math.h>
#include <stdlib.h>

#include "kind/heap_count_hook.h"
#include "kind/heap_draw_hook.h"
#include "kind/heap_hook.h"
#include "sigsafe/ticks.h"
#include "sigsafe/unwind.h"
#include "unit.h"

enum { RATE_BYTES = 512 << 10, DRAWS = 200000, BINS = 20 };

static void set_rate(uint64_t rate_bytes)
{
	uint32_t changes = load(&cp_heap.rate_changes, relaxed) + 1;
	if (!load(&cp_heap.is_ready, relaxed)) {
		ck_assert_int_eq(cp_unwind_init(), 0);
		ck_assert_int_eq(cp_stacktab_init(&cp_heap.buckets, 1024, 0), 0);
	}
	cp_heap_rates[1] = rate_bytes;
	store(&cp_heap.rate_index, 1, relaxed);
	store(&cp_heap.rate_changes, changes, relaxed);
	store(&cp_heap.rate_bytes, rate_bytes, relaxed);
	store(&cp_heap.is_ready, true, relaxed);
}

static void sample(void *block, size_t size_bytes)
{
	struct cp_regs regs;
	cp_regs_here(&regs);
	cp_heap_sample(block, size_bytes, &regs, __builtin_return_address(0));
}

// 20 bins of equal probability: chi-square with 19 degrees of freedom is above 72 once in 10^7 times.
START_TEST(distances_are_exponential)
{
	int bins[BINS] = {0};
	double sum = 0, chi_square = 0;
	set_rate(RATE_BYTES);
	cp_heap_sample(NULL, 0, NULL, NULL);
	for (int i = 0; i < DRAWS; i++) {
		cp_heap_sample(NULL, 0, NULL, NULL); // draws, and has no block to record
		double distance = (double)cp_heap_countdown;
		sum += distance;
		bins[(int)((1 - exp(-distance / RATE_BYTES)) * BINS) % BINS]++;
	}
	for (int i = 0; i < BINS; i++)
		chi_square += pow(bins[i] - DRAWS / BINS, 2) / (DRAWS / BINS);
	ck_assert_double_lt(chi_square, 72);
	ck_assert_double_eq_tol(sum / DRAWS / RATE_BYTES, 1, 0.015);
}
END_TEST

// A thread's first allocation, however large, is sampled with its own probability and not because the
// countdown was 0.
START_TEST(first_allocation_is_not_favoured)
{
	int sampled = 0;
	for (int i = 0; i < 20000; i++) {
		set_rate(RATE_BYTES + (uint64_t)i); // a change of rate: the old countdown means nothing
		cp_heap_countdown = 0;
		void *block = (void *)(uintptr_t)(0x10000 + i * 16);
		sample(block, RATE_BYTES / 10);
		struct cp_heap_block taken;
		sampled += cp_heap_live_take(block, &taken);
	}
	// 1 - exp(-0.1) = 9.5 %; six standard deviations are 1.25 %.
	ck_assert_double_eq_tol(sampled / 20000.0, 0.0952, 0.0125);
}
END_TEST

START_TEST(estimate_is_the_inverse_probability)
{
	for (double rate = 2; rate < 1e12; rate *= 3.7) {
		for (double size = 1; size < 1e12; size *= 2.9) {
			double want = floor(size) / -expm1(-floor(size) / floor(rate));
			double got = (double)cp_heap_estimate_bytes((uint64_t)size, (uint64_t)rate);
			ck_assert_msg(fabs(got - want) <= 2 + want * 0.001, "size %g at %g: %g for %g",
					size, rate, got, want);
		}
	}
}
END_TEST

// An assertion writes to Check's file each time: loops count, and assert once.
START_TEST(size_classes_are_narrow)
{
	uint32_t last = 0;
	size_t first = 0;
	int nwrong = 0;
	for (size_t size = 1; size < 1 << 20; size++) {
		uint32_t c = cp_heap_size_class(size);
		if (c != last)
			first = size;
		nwrong += c < last || size - first > first / 8;
		last = c;
	}
	ck_assert_int_eq(nwrong, 0);
}
END_TEST

static bool is_taken(uintptr_t i)
{
	struct cp_heap_block taken;
	bool is_found = cp_heap_maybe_sampled((void *)(i * 16)) && cp_heap_live_take((void *)(i * 16), &taken);
	if (is_found && taken.size_bytes == i)
		cp_heap_freed(&taken);
	return is_found && taken.size_bytes == i;
}

// Blocks that share chains and filter counters are told apart; one that was freed is forgotten.
START_TEST(blocks_are_found_again)
{
	enum { BLOCKS = 200000 };
	int nwrong = 0;
	set_rate(1);
	for (uintptr_t i = 1; i <= BLOCKS; i++)
		sample((void *)(i * 16), i);
	for (uintptr_t i = 1; i <= BLOCKS; i += 2)
		nwrong += !is_taken(i) || is_taken(i);
	for (uintptr_t i = 2; i <= BLOCKS; i += 2)
		nwrong += !is_taken(i);
	ck_assert_int_eq(nwrong, 0);
}
END_TEST

// The counter of the processor that frees may be behind that of the one that allocated: such a block had lived for
// centuries, in profiles less than no time.
START_TEST(lifetimes_do_not_run_backwards)
{
	struct cp_heap_block taken;
	void *block = (void *)(uintptr_t)0x7654320;
	set_rate(1);
	sample(block, 10);
	ck_assert(cp_heap_live_take(block, &taken));
	taken.born_ticks = cp_ticks_now() + 1000000;
	cp_heap_freed(&taken);
	for (const struct cp_heap_lifetimes *group = cp_heap_lifetimes(taken.bucket); group; group = group->next)
		ck_assert_uint_lt(group->first_log2_ns, 40);
}
END_TEST

UNIT_MAIN("heap_hook", distances_are_exponential, first_allocation_is_not_favoured,
		estimate_is_the_inverse_probability, size_classes_are_narrow, blocks_are_found_again,
		lifetimes_do_not_run_backwards)
