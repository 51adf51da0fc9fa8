// SPDX-License-Identifier: MIT
// The filter in front of free: a block that lives is never denied, whoever comes and goes beside it.
#include <pthread.h>

#include "kind/heap_filter_hook.h"
#include "unit.h"

enum { SPAN_BYTES = 1 << CP_HEAP_FILTER_SPAN_LOG2, GRANULE_BYTES = 1 << CP_HEAP_FILTER_GRANULE_LOG2 };

static void *at(uintptr_t address)
{
	return (void *)address;
}

static int nbits_set(void)
{
	int n = 0;
	for (int i = 0; i < CP_HEAP_FILTER_SPANS / 64; i++)
		n += __builtin_popcountll(load(&cp_heap_filter_bits[i], relaxed));
	return n;
}

START_TEST(says_what_lives)
{
	int nwrong = 0;
	for (uintptr_t i = 0; i < 4096; i++) {
		nwrong += cp_heap_maybe_sampled(at(i * GRANULE_BYTES));
		nwrong += !cp_heap_filter_add(at(i * GRANULE_BYTES));
		nwrong += !cp_heap_maybe_sampled(at(i * GRANULE_BYTES));
	}
	ck_assert_int_eq(nbits_set(), 4096 * GRANULE_BYTES / SPAN_BYTES);
	for (uintptr_t i = 0; i < 4096; i++) {
		cp_heap_filter_remove(at(i * GRANULE_BYTES));
		nwrong += cp_heap_maybe_sampled(at(i * GRANULE_BYTES));
	}
	ck_assert_int_eq(nwrong, 0);
	ck_assert_int_eq(nbits_set(), 0);
}
END_TEST

// More at one granule than a byte counts: it is never denied again.
START_TEST(many_at_one_address)
{
	enum { MANY = 1000 };
	for (int i = 0; i < MANY; i++)
		ck_assert(cp_heap_filter_add(at(0x10)));
	for (int i = 0; i < MANY; i++)
		cp_heap_filter_remove(at(0x10));
	ck_assert(cp_heap_maybe_sampled(at(0x10)));
	ck_assert(!cp_heap_maybe_sampled(at(0x20))); // nor is its neighbour's count touched
}
END_TEST

// Between a thread's closing a span and its clearing the bit there are nanoseconds: here another one comes then.
START_TEST(nobody_enters_while_it_closes)
{
	_Atomic uint64_t *counts = &cp_heap_filter_counts[cp_heap_filter_span(at(0x40))];
	store(counts, UINT64_MAX, relaxed);
	ck_assert(!cp_heap_filter_add(at(0x40)));
	ck_assert(!cp_heap_filter_add(at(0x50)));
	ck_assert(cp_heap_filter_add(at(0x40 + SPAN_BYTES)));
	store(counts, 0, relaxed);
	ck_assert(cp_heap_filter_add(at(0x40)));
	ck_assert(cp_heap_maybe_sampled(at(0x40)));
}
END_TEST

enum { THREADS = 4, ROUNDS = 300000 };

static _Atomic int nrefused, ndenied;
static pthread_barrier_t all_there;

/** All threads' granules are in one span, so that each is the last one there again and again. */
static void *come_and_go(void *granule)
{
	pthread_barrier_wait(&all_there);
	for (int i = 0; i < ROUNDS; i++) {
		if (!cp_heap_filter_add(granule)) {
			fetch_add(&nrefused, 1, relaxed);
			continue;
		}
		if (!cp_heap_maybe_sampled(granule))
			fetch_add(&ndenied, 1, relaxed);
		cp_heap_filter_remove(granule);
	}
	return NULL;
}

static void together(void)
{
	pthread_t threads[THREADS];
	nrefused = ndenied = 0;
	pthread_barrier_init(&all_there, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, at(i * GRANULE_BYTES)), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(ndenied, 0);
}

START_TEST(threads_share_a_span)
{
	together();
	ck_assert_int_lt(nrefused, THREADS * ROUNDS);
	ck_assert_int_eq(nbits_set(), 0);
}
END_TEST

START_TEST(nobody_is_refused_where_bits_stay)
{
	cp_heap_filter_keep_bits();
	together();
	ck_assert_int_eq(nrefused, 0);
	ck_assert_int_eq(nbits_set(), 1);
	ck_assert(!cp_heap_maybe_sampled(at(0)));
}
END_TEST

START_TEST(pinned_for_ever)
{
	cp_heap_filter_pin_all();
	ck_assert(cp_heap_filter_add(at(0x1230)));
	cp_heap_filter_remove(at(0x1230));
	int nwrong = 0;
	for (uintptr_t i = 0; i < 1 << 17; i++)
		nwrong += !cp_heap_maybe_sampled(at(i * GRANULE_BYTES));
	ck_assert_int_eq(nwrong, 0);
}
END_TEST

UNIT_MAIN("heap_filter", says_what_lives, many_at_one_address, nobody_enters_while_it_closes, threads_share_a_span,
		nobody_is_refused_where_bits_stay, pinned_for_ever)
