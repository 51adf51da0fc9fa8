// SPDX-License-Identifier: MIT
// Byte strings with dense ids: one id a string whatever the race, none when the table is full; and ticks that
// become nanoseconds on one line that never turns back.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "kind/trace_clock_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/interned.h"
#include "unit.h"

enum { CAPACITY = 1 << 10, STRINGS = 500, THREADS = 4, LIMIT_BYTES = 1 << 20 };

static struct cp_interned table;

static const struct cp_interned_entry *add(const char *text)
{
	return cp_interned_add(&table, 0, text, strlen(text));
}

START_TEST(equal_bytes_are_one_entry)
{
	ck_assert_int_eq(cp_interned_init(&table, CAPACITY, LIMIT_BYTES), 0);
	const struct cp_interned_entry *a = add("a"), *b = add("bcdefghij");
	ck_assert(a && b && a->id == 1 && b->id == 2);
	ck_assert_ptr_eq(add("a"), a);
	ck_assert_ptr_ne(cp_interned_add(&table, 1, "a", 1), a); // another head
	ck_assert_ptr_ne(add("bcdefghiX"), b);
	ck_assert_uint_eq(cp_interned_end(&table), 5);
	ck_assert_ptr_eq(cp_interned_at(&table, 2), b);
	ck_assert_uint_eq(b->nbytes, 9);
	ck_assert_mem_eq(b->bytes, "bcdefghij", 9);
	cp_interned_reset(&table);
	ck_assert_uint_eq(cp_interned_end(&table), 1);
	ck_assert_uint_eq(add("bcdefghij")->id, 1);
}
END_TEST

START_TEST(a_full_table_refuses_and_counts)
{
	char text[16];
	ck_assert_int_eq(cp_interned_init(&table, 8, LIMIT_BYTES), 0);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ck_assert_int_eq(add(text) != NULL, i < 7);
	}
	ck_assert_uint_eq(load(&table.refused, relaxed), 13);
	ck_assert_ptr_nonnull(add("3")); // what is in stays
}
END_TEST

static void *add_all(void *arg)
{
	uint32_t *ids = arg;
	for (int i = 0; i < STRINGS; i++) {
		char text[16];
		snprintf(text, sizeof(text), "%d", i);
		ids[i] = add(text)->id;
	}
	return NULL;
}

START_TEST(threads_agree)
{
	static uint32_t ids[THREADS][STRINGS];
	pthread_t threads[THREADS];
	ck_assert_int_eq(cp_interned_init(&table, CAPACITY * THREADS, LIMIT_BYTES), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, add_all, ids[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < THREADS; i++)
		ck_assert_mem_eq(ids[i], ids[0], sizeof(ids[0]));
	// Each id leads to an entry: its own, or that of who won the race.
	for (uint32_t id = 1; id < cp_interned_end(&table); id++)
		ck_assert_ptr_nonnull(cp_interned_at(&table, id));
}
END_TEST

START_TEST(time_does_not_turn_back)
{
	// Three ticks a nanosecond, then slewed by a little, for longer than the ring of points.
	struct cp_trace_point now = {3000, 1000};
	for (int i = 0; i < 3000; i++) {
		cp_trace_clock_add(now);
		now.ticks += 3000000000;
		now.ns += 1000000000 + (uint64_t)(i % 7) * 100;
	}
	ck_assert_uint_le(now.ns - cp_trace_clock_ns(now.ticks, now), 1); // it is rounded
	uint64_t last_ns = 0;
	for (uint64_t ticks = 3000; ticks < now.ticks; ticks += 999999937) {
		uint64_t ns = cp_trace_clock_ns(ticks, now);
		ck_assert_uint_gt(ns, last_ns);
		last_ns = ns;
	}
	// Behind the newest point the line goes on.
	ck_assert_uint_gt(cp_trace_clock_ns(now.ticks + 3000, now), now.ns);
}
END_TEST

UNIT_MAIN("interned", equal_bytes_are_one_entry, a_full_table_refuses_and_counts, threads_agree,
		time_does_not_turn_back)
