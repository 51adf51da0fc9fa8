// SPDX-License-Identifier: MIT
// Pages and the bump arena: alignment, the limit, and threads that allocate at once.
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sigsafe/pagealloc.h"
#include "unit.h"

enum { NTHREADS = 4, NALLOCS = 20000 };

START_TEST(pages_are_zeroed_and_counted)
{
	size_t before = cp_pagealloc_bytes();
	unsigned char *p = cp_pages_alloc(5000);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq((uintptr_t)p % 4096, 0);
	for (size_t i = 0; i < 5000; i++)
		ck_assert_uint_eq(p[i], 0);
	ck_assert_uint_eq(cp_pagealloc_bytes() - before, 8192);
	cp_pages_free(p, 5000);
	ck_assert_uint_eq(cp_pagealloc_bytes(), before);
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
	ck_assert_ptr_null(cp_pages_alloc(0));
	ck_assert_ptr_null(cp_pages_alloc(SIZE_MAX));
	struct cp_arena a = {0};
	ck_assert_ptr_null(cp_arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(cp_arena_alloc(&a, SIZE_MAX - 8));
}
END_TEST

START_TEST(arena_keeps_its_limit)
{
	size_t before = cp_pagealloc_bytes();
	struct cp_arena a = {.limit_bytes = 1 << 20};
	size_t total = 0;
	while (cp_arena_alloc(&a, 1000))
		total += 1000;
	ck_assert_uint_le(total, 1 << 20);
	ck_assert_uint_ge(total, 1000000); // alignment and headers cost little
	cp_arena_reset(&a);
	ck_assert_uint_eq(cp_pagealloc_bytes(), before);
	ck_assert_ptr_nonnull(cp_arena_alloc(&a, 1000));
	cp_arena_reset(&a);
}
END_TEST

START_TEST(arena_holds_more_than_a_chunk)
{
	struct cp_arena a = {0};
	char *big = cp_arena_alloc(&a, 3 << 20);
	ck_assert_ptr_nonnull(big);
	memset(big, 1, 3 << 20);
	char *small = cp_arena_alloc(&a, 16);
	ck_assert(small < big || small >= big + (3 << 20));
	cp_arena_reset(&a);
}
END_TEST

/** Bytes that stay mapped of what is given back. */
static size_t left_of(size_t size_bytes)
{
	size_t before = cp_pagealloc_bytes();
	cp_pages_free(cp_pages_alloc(size_bytes), size_bytes);
	return cp_pagealloc_bytes() - before;
}

/** An exit handler may fork what lives on: that gives all back. */
START_TEST(little_is_left_to_the_end_of_the_process)
{
	enum { LITTLE = 8 << 10, MUCH = 64 << 20 };
	ck_assert_uint_eq(left_of(LITTLE), 0);
	pid_t child = fork(), grandchild;
	int status = -1;
	if (child == 0) {
		cp_pages_before_exit();
		if (left_of(MUCH) != 0 || left_of(LITTLE) != LITTLE)
			_exit(1);
		grandchild = fork();
		if (grandchild == 0)
			_exit(left_of(LITTLE) == 0 ? 0 : 2);
		_exit(waitpid(grandchild, &status, 0) == grandchild && WIFEXITED(status) ? WEXITSTATUS(status) : 3);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

/** A piece of a profile is written every second: its memory is not to be asked for anew. */
// A child of fork() may have a chunk's count as it was before another thread took of it, and what leads to what that
// took: where the child's arena went on in the chunk, lists ran into each other.
START_TEST(arena_leaves_what_a_fork_copied)
{
	struct cp_arena a = {.limit_bytes = 512 << 10};
	char *before = cp_arena_alloc(&a, 1000);
	for (int generation = 0; generation < 8; generation++) { // nor do they use the limit up
		cp_pagealloc_after_fork();
		char *after = cp_arena_alloc(&a, 1000);
		ck_assert_ptr_nonnull(after);
		ck_assert(after <= before - (256 << 10) || after >= before + (256 << 10));
		ck_assert(cp_arena_alloc(&a, 1000) == after + 1008);
		before = after;
	}
	cp_arena_reset(&a);
}
END_TEST

START_TEST(arena_keeps_little_when_it_is_rewound)
{
	size_t before = cp_pagealloc_bytes();
	struct cp_arena a = {0};
	cp_arena_rewind(&a);
	for (int i = 0; i < 3; i++) {
		char *first = cp_arena_alloc(&a, 1000);
		ck_assert_ptr_nonnull(cp_arena_alloc(&a, 3 << 20)); // a chunk of its own
		cp_arena_rewind(&a);
		ck_assert_ptr_eq(cp_arena_alloc(&a, 1000), first);
		cp_arena_rewind(&a);
	}
	ck_assert_uint_eq(cp_pagealloc_bytes() - before, 256 << 10);
	ck_assert_ptr_nonnull(cp_arena_alloc(&a, 100 << 10));
	cp_arena_rewind(&a); // its pages would stay
	ck_assert_uint_eq(cp_pagealloc_bytes(), before);
	cp_arena_reset(&a);
}
END_TEST

static struct cp_arena shared;

/** Marks every block it gets with its own number; a block given twice shows at the end. */
static void *allocate(void *arg)
{
	uint64_t **mine = calloc(NALLOCS, sizeof(*mine));
	for (int i = 0; i < NALLOCS; i++) {
		mine[i] = cp_arena_alloc(&shared, 8 + i % 64);
		*mine[i] = (uintptr_t)arg << 32 | (unsigned)i;
	}
	for (int i = 0; i < NALLOCS; i++) {
		if (*mine[i] != ((uintptr_t)arg << 32 | (unsigned)i) || (uintptr_t)mine[i] % 16)
			return mine; // given twice, or not aligned
	}
	free(mine);
	return NULL;
}

START_TEST(arena_serves_many_threads)
{
	pthread_t threads[NTHREADS];
	for (uintptr_t i = 0; i < NTHREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, allocate, (void *)(i + 1)), 0);
	for (int i = 0; i < NTHREADS; i++) {
		void *damaged;
		pthread_join(threads[i], &damaged);
		ck_assert_ptr_null(damaged);
	}
	cp_arena_reset(&shared);
}
END_TEST

UNIT_MAIN("pagealloc", pages_are_zeroed_and_counted, impossible_sizes_are_refused,
	arena_keeps_its_limit, arena_holds_more_than_a_chunk, little_is_left_to_the_end_of_the_process,
	arena_leaves_what_a_fork_copied, arena_keeps_little_when_it_is_rewound, arena_serves_many_threads)
