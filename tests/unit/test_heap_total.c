// SPDX-License-Identifier: MIT
// What is in use in all: exact of one thread and at the end of several, and never off by more than is said.
#include <pthread.h>

#include "kind/heap_total_hook.h"
#include "unit.h"

enum { NTHREADS = 4, CHANGES = 200000, KEPT_BYTES = 64 << 20 };

START_TEST(one_thread_is_exact)
{
	cp_heap_total_add(KEPT_BYTES);
	int64_t first = cp_heap_peak_epoch();
	cp_heap_total_add(-16);
	cp_heap_total_add(16);
	ck_assert_int_eq(cp_heap_peak_epoch(), first); // no new maximum
	cp_heap_total_add(1);
	ck_assert_int_eq(cp_heap_peak_epoch(), first + 1);
	ck_assert_int_eq(cp_heap_estimate_in_use(), KEPT_BYTES + 1);
	ck_assert_int_eq(load(&cp_heap_total.peak_estimate_bytes, relaxed), KEPT_BYTES + 1);
}
END_TEST

static void *come_and_go(void *bytes)
{
	for (int i = 0; i < CHANGES; i++) {
		cp_heap_total_add((intptr_t)bytes);
		cp_heap_total_add(-(intptr_t)bytes);
	}
	return NULL;
}

static void *grow(void *bytes)
{
	for (int i = 0; i < CHANGES; i++)
		cp_heap_total_add((intptr_t)bytes);
	return NULL;
}

static void run_threads(void *(*run)(void *bytes), intptr_t bytes)
{
	pthread_t threads[NTHREADS];
	for (int i = 0; i < NTHREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run, (void *)bytes), 0);
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
}

START_TEST(threads_lose_nothing)
{
	cp_heap_total_add(KEPT_BYTES);
	run_threads(come_and_go, 48);
	ck_assert_int_eq(cp_heap_estimate_in_use(), KEPT_BYTES);
	run_threads(grow, 48);
	int64_t all = KEPT_BYTES + (int64_t)NTHREADS * CHANGES * 48;
	ck_assert_int_eq(cp_heap_estimate_in_use(), all);
	run_threads(grow, -48);
	ck_assert_int_eq(cp_heap_estimate_in_use(), KEPT_BYTES);
	// What lay apart in the moment of the peak.
	int64_t peak = load(&cp_heap_total.peak_estimate_bytes, relaxed);
	ck_assert_int_gt(peak, all - all / 100);
	ck_assert_int_le(peak, all);
}
END_TEST

START_TEST(who_waits_for_growth_is_told)
{
	cp_heap_total_add(KEPT_BYTES);
	cp_heap_await_growth(KEPT_BYTES + (1 << 20));
	run_threads(come_and_go, 48);
	ck_assert_uint_eq(load(&cp_heap_ngrown, relaxed), 0);
	run_threads(grow, 48); // 37 MiB
	ck_assert_uint_eq(load(&cp_heap_ngrown, relaxed), 1);
}
END_TEST

UNIT_MAIN("heap_total", one_thread_is_exact, threads_lose_nothing, who_waits_for_growth_is_told)
