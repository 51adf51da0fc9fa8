// SPDX-License-Identifier: MIT
// The rings' promise: written + lost = samples, exactly, and no record is torn.
#include <pthread.h>

#include "sigsafe/atomic.h"
#include "sigsafe/ring.h"
#include "unit.h"

enum { NTHREADS = 6, NSAMPLES = 50000 };

struct sums {
	uint64_t records, weight, damaged;
};

/** Each pc of a record is made from its tag, so a torn record is seen. */
static void count(const struct cp_ring_record *rec, void *arg)
{
	struct sums *sums = arg;
	sums->records++;
	sums->weight += rec->weight;
	uint64_t npcs = rec->nwords - sizeof(*rec) / sizeof(uint64_t);
	if (npcs != rec->tag % 40)
		sums->damaged++;
	for (uint64_t i = 0; i < npcs; i++)
		sums->damaged += rec->pcs[i] != rec->tag * 1000 + i;
}

static bool put(struct cp_rings *r, uint32_t hint, uint64_t tag, uint64_t weight)
{
	struct cp_ring_record *rec = cp_rings_reserve(r, hint, CP_MAX_FRAMES, weight);
	if (!rec)
		return false;
	rec->tag = tag;
	rec->epoch = 0;
	for (uint64_t i = 0; i < tag % 40; i++)
		rec->pcs[i] = tag * 1000 + i;
	cp_rings_commit(r, rec, (uint32_t)(tag % 40));
	return true;
}

START_TEST(records_come_back_in_order_through_many_wraps)
{
	struct cp_rings *r = cp_rings_create(1, 0);
	struct sums sums = {0};
	for (uint64_t tag = 0; tag < 5000; tag++) {
		ck_assert(put(r, 7, tag, tag));
		ck_assert_uint_eq(cp_rings_drain(r, count, &sums), 1);
	}
	ck_assert_uint_eq(sums.records, 5000);
	ck_assert_uint_eq(sums.weight, 5000 * 4999 / 2);
	ck_assert_uint_eq(sums.damaged, 0);
	ck_assert_uint_eq(cp_rings_lost(r), 0);
	cp_rings_destroy(r);
}
END_TEST

START_TEST(a_full_ring_counts_what_it_loses)
{
	struct cp_rings *r = cp_rings_create(1, 0);
	uint64_t written = 0, lost = 0;
	ck_assert(!cp_rings_pressed(r));
	for (uint64_t tag = 0; tag < 1000; tag++)
		*(put(r, 0, tag, 3) ? &written : &lost) += 3;
	ck_assert_uint_gt(written, 0);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(cp_rings_lost(r), lost);
	ck_assert(cp_rings_pressed(r));
	struct sums sums = {0};
	cp_rings_drain(r, count, &sums);
	ck_assert_uint_eq(sums.weight, written);
	ck_assert(!cp_rings_pressed(r));
	ck_assert(put(r, 0, 1, 1)); // there is room again
	cp_rings_destroy(r);
}
END_TEST

START_TEST(a_taken_ring_is_passed_by)
{
	struct cp_rings *r = cp_rings_create(2, 0);
	struct cp_ring_record *outer = cp_rings_reserve(r, 0, 4, 1);
	struct cp_ring_record *nested = cp_rings_reserve(r, 0, 4, 1); // a handler in a handler
	ck_assert_ptr_nonnull(nested);
	ck_assert_ptr_ne(outer, nested);
	ck_assert_ptr_null(cp_rings_reserve(r, 0, 4, 5));
	ck_assert_uint_eq(cp_rings_lost(r), 5);
	nested->tag = outer->tag = 0;
	cp_rings_commit(r, nested, 0);
	cp_rings_commit(r, outer, 0);
	struct sums sums = {0};
	ck_assert_uint_eq(cp_rings_drain(r, count, &sums), 2);
	cp_rings_destroy(r);
}
END_TEST

static struct cp_rings *hammered;
static _Atomic int writers_left;

static void *hammer(void *arg)
{
	for (uint64_t i = 0; i < NSAMPLES; i++)
		put(hammered, (uint32_t)(uintptr_t)arg, i, 1 + i % 3);
	fetch_sub(&writers_left, 1, release);
	return NULL;
}

START_TEST(written_and_lost_add_up_under_a_hammer)
{
	hammered = cp_rings_create(3, 0); // fewer rings than writers
	store(&writers_left, NTHREADS, relaxed);
	pthread_t threads[NTHREADS];
	for (uintptr_t i = 0; i < NTHREADS; i++)
		pthread_create(&threads[i], NULL, hammer, (void *)i);
	struct sums sums = {0};
	while (load(&writers_left, acquire) > 0)
		cp_rings_drain(hammered, count, &sums);
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
	cp_rings_drain(hammered, count, &sums);
	uint64_t expected = 0;
	for (uint64_t i = 0; i < NSAMPLES; i++)
		expected += NTHREADS * (1 + i % 3);
	ck_assert_uint_eq(sums.weight + cp_rings_lost(hammered), expected);
	ck_assert_uint_eq(sums.damaged, 0);
	ck_assert_uint_gt(sums.records, 0);
	cp_rings_destroy(hammered);
}
END_TEST

UNIT_MAIN("ring", records_come_back_in_order_through_many_wraps, a_full_ring_counts_what_it_loses,
	a_taken_ring_is_passed_by, written_and_lost_add_up_under_a_hammer)
