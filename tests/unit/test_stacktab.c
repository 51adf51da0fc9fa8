// SPDX-License-Identifier: MIT
// One entry a stack whatever the race, and sums that stay exact when the table is full.
#include <pthread.h>

#include "sigsafe/atomic.h"
#include "sigsafe/stacktab.h"
#include "unit.h"

enum { NTHREADS = 4, NSTACKS = 3000, NROUNDS = 5 };

static struct cp_stacktab table;

static uint32_t make_stack(uint64_t number, uintptr_t pcs[64])
{
	uint32_t npcs = (uint32_t)(number % 64);
	for (uint32_t i = 0; i < npcs; i++)
		pcs[i] = 0x400000 + number * 64 + i;
	return npcs;
}

struct walk {
	uint64_t entries, sum;
};

static void add_up(struct cp_stack *s, void *arg)
{
	struct walk *walk = arg;
	walk->entries++;
	walk->sum += (uint64_t)load(&s->values[0], relaxed);
}

START_TEST(equal_stacks_share_an_entry_and_others_do_not)
{
	ck_assert_int_eq(cp_stacktab_init(&table, 1, 0), 0); // one bucket: everything collides
	uintptr_t pcs[] = {0x1000, 0x2000, 0x3000};
	struct cp_stack *s = cp_stacktab_intern(&table, pcs, 3, 1, 0);
	ck_assert_ptr_eq(cp_stacktab_intern(&table, pcs, 3, 1, 0), s);
	ck_assert_ptr_ne(cp_stacktab_intern(&table, pcs, 2, 1, 0), s);
	ck_assert_ptr_ne(cp_stacktab_intern(&table, pcs, 3, 2, 0), s);
	ck_assert_ptr_ne(cp_stacktab_intern(&table, pcs, 3, 1, 9), s);
	struct cp_stack *empty = cp_stacktab_intern(&table, NULL, 0, 1, 0);
	ck_assert_ptr_ne(empty, &table.overflow);
	ck_assert_ptr_eq(cp_stacktab_intern(&table, NULL, 0, 1, 0), empty);
	ck_assert_uint_eq(table.count, 5);
	cp_stacktab_deinit(&table);
}
END_TEST

static void *intern_all(void *arg)
{
	uintptr_t pcs[64];
	for (uint64_t i = 0; i < NSTACKS * NROUNDS; i++) {
		uint64_t number = (i * 7 + (uintptr_t)arg) % NSTACKS;
		struct cp_stack *s =
			cp_stacktab_intern(&table, pcs, make_stack(number, pcs), 0, number);
		fetch_add(&s->values[0], 1, relaxed);
	}
	return NULL;
}

static struct walk run_threads(void)
{
	pthread_t threads[NTHREADS];
	for (uintptr_t i = 0; i < NTHREADS; i++)
		pthread_create(&threads[i], NULL, intern_all, (void *)i);
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
	struct walk walk = {0};
	cp_stacktab_each(&table, add_up, &walk);
	return walk;
}

START_TEST(threads_that_intern_the_same_stacks_agree)
{
	ck_assert_int_eq(cp_stacktab_init(&table, NSTACKS, 0), 0);
	struct walk walk = run_threads();
	ck_assert_uint_eq(walk.entries, NSTACKS);
	ck_assert_uint_eq(table.count, NSTACKS);
	ck_assert_uint_eq(walk.sum, (uint64_t)NTHREADS * NSTACKS * NROUNDS);
	cp_stacktab_deinit(&table);
}
END_TEST

START_TEST(a_table_that_grows_under_threads_keeps_the_sum)
{
	ck_assert_int_eq(cp_stacktab_init(&table, 1, 0), 0);
	struct walk walk = run_threads();
	ck_assert_uint_ge(walk.entries, NSTACKS); // while a level comes two threads may make the same
	ck_assert_uint_lt(walk.entries, NSTACKS + NSTACKS / 10);
	ck_assert_uint_eq(table.count, walk.entries);
	ck_assert_uint_eq(walk.sum, (uint64_t)NTHREADS * NSTACKS * NROUNDS);
	cp_stacktab_deinit(&table);
}
END_TEST

static uint32_t longest_list(void)
{
	uint32_t longest = 0, n = table.nbuckets;
	for (uint32_t level = 0; level < CP_STACKTAB_LEVELS && table.levels[level]; level++, n *= 8) {
		for (uint32_t i = 0; i < n; i++) {
			uint32_t length = 0;
			for (struct cp_stack *s = table.levels[level][i]; s; s = s->next)
				length++;
			longest = length > longest ? length : longest;
		}
	}
	return longest;
}

START_TEST(lists_stay_short_however_many_stacks_there_are)
{
	enum { MANY = 200000, LONGEST = 16 };
	ck_assert_int_eq(cp_stacktab_init(&table, 16, 0), 0);
	for (uintptr_t pc = 0; pc < MANY; pc++) {
		struct cp_stack *s = cp_stacktab_intern(&table, &pc, 1, 0, 0);
		ck_assert_ptr_eq(cp_stacktab_intern(&table, &pc, 1, 0, 0), s);
	}
	ck_assert_uint_eq(table.count, MANY);
	ck_assert_uint_le(longest_list(), LONGEST);
	for (uintptr_t pc = 0; pc < MANY; pc++)
		cp_stacktab_intern(&table, &pc, 1, 0, 0);
	ck_assert_uint_eq(table.count, MANY);
	cp_stacktab_deinit(&table);
}
END_TEST

START_TEST(a_full_table_keeps_the_sum)
{
	ck_assert_int_eq(cp_stacktab_init(&table, 64, 64 << 10), 0);
	struct walk walk = run_threads();
	ck_assert_uint_lt(walk.entries, NSTACKS);
	ck_assert_int_gt(load(&table.overflow.values[0], relaxed), 0);
	ck_assert_uint_eq(table.overflow.npcs, 1); // whoever writes it says what it is
	ck_assert_uint_eq(table.overflow.pcs[0], CP_MARKER_OVERFLOW);
	ck_assert_uint_eq(walk.sum, (uint64_t)NTHREADS * NSTACKS * NROUNDS);
	cp_stacktab_deinit(&table);
}
END_TEST

UNIT_MAIN("stacktab", equal_stacks_share_an_entry_and_others_do_not,
	threads_that_intern_the_same_stacks_agree, a_table_that_grows_under_threads_keeps_the_sum,
	lists_stay_short_however_many_stacks_there_are, a_full_table_keeps_the_sum)
