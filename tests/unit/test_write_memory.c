// SPDX-License-Identifier: MIT
// A profile is written where memory has run out: each allocation fails once. Nothing may crash, nothing
// may be left behind, and what was handed over is whole or absent.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sigsafe/modmap.h"
#include "sigsafe/pagealloc.h"
#include "unit.h"
#include "write/grow.h"
#include "write/profile_out.h"

static int until_failure;  // allocations that still succeed; < 0: all do
static size_t taken_bytes; // by allocations not freed

// Instead of lib/sigsafe/pagealloc.c.
void *cp_pages_alloc(size_t size_bytes)
{
	if (until_failure == 0)
		return NULL;
	until_failure--;
	taken_bytes += size_bytes;
	return calloc(1, size_bytes);
}

void cp_pages_free(void *ptr, size_t size_bytes)
{
	taken_bytes -= size_bytes;
	free(ptr);
}

void cp_pages_fill(void *ptr, size_t size_bytes)
{
}

/** Each block a chunk, so that each can fail. */
struct cp_chunk {
	struct cp_chunk *prev;
	size_t size_bytes;
};

void *cp_arena_alloc(struct cp_arena *a, size_t size_bytes)
{
	struct cp_chunk *chunk = cp_pages_alloc(sizeof(*chunk) + size_bytes);
	if (!chunk)
		return NULL;
	*chunk = (struct cp_chunk){a->chunk, sizeof(*chunk) + size_bytes};
	a->chunk = chunk;
	return chunk + 1;
}

void cp_arena_reset(struct cp_arena *a)
{
	for (struct cp_chunk *chunk = a->chunk, *prev; chunk; chunk = prev) {
		prev = chunk->prev;
		cp_pages_free(chunk, chunk->size_bytes);
	}
	a->chunk = NULL;
}

void cp_arena_rewind(struct cp_arena *a)
{
	cp_arena_reset(a);
}

static struct cp_module module = {.start = 0x10000, .end = 0x10000000, .path = "/proc/self/exe",
		.is_main = true};

const struct cp_module *cp_modmap_find_at(uintptr_t pc, uint32_t epoch)
{
	return &module;
}

uint32_t cp_modmap_count(void)
{
	return 1;
}

const struct cp_module *cp_modmap_module(uint32_t id)
{
	return &module;
}

static int npieces;

static int count_piece(void *arg, const void *data, size_t size)
{
	ck_assert_uint_gt(size, 18); // a gzip member's least
	ck_assert_mem_eq(data, "\x1f\x8b", 2);
	npieces++;
	return 0;
}

/** Enough locations, strings and bytes to make every table grow. */
static int write_profile(void)
{
	static const struct cp_profile_spec spec = {.sample_types = {{"samples", "count"}},
			.nsample_types = 1, .period_type = {"cpu", "nanoseconds"}};
	struct cp_profile_out *o;
	int first_error = cp_profile_out_begin(&o, &spec, (struct cprof_writer){.write = count_piece});
	if (first_error)
		return first_error;
	for (uintptr_t i = 0; i < 3000; i++) {
		char text[16];
		snprintf(text, sizeof(text), "label %d", (int)i);
		const struct cp_label label = {.key = "key", .str = text};
		int ret = cp_profile_out_sample(o, (uintptr_t[]){0x20000 + i, 0x30000 + 2 * i}, 2, 0,
				(int64_t[]){1}, &label, 1);
		if (ret && !first_error)
			first_error = ret;
		if (i == 1500)
			cp_profile_out_flush(o, 1);
	}
	cp_profile_out_comment(o, "%s", "the end");
	int ret = cp_profile_out_end(o, 2);
	ck_assert(!first_error || ret == first_error); // the first error is the one told
	return ret;
}

START_TEST(each_allocation_may_fail)
{
	int nfailures = 0;
	for (int n = 0;; n++) {
		until_failure = n;
		npieces = 0;
		int ret = write_profile();
		ck_assert_uint_eq(taken_bytes, 0);
		if (ret == 0)
			break;
		ck_assert_int_eq(ret, -ENOMEM);
		ck_assert_int_le(npieces, 1);
		nfailures++;
	}
	ck_assert_int_eq(npieces, 2);
	ck_assert_int_gt(nfailures, 20);
}
END_TEST

static int allocations_of_a_profile(void)
{
	const int many = 1000000;
	until_failure = many;
	npieces = 0;
	ck_assert_int_eq(write_profile(), 0);
	ck_assert_int_eq(npieces, 2);
	return many - until_failure;
}

/** At the end of `true` half of all its system calls were for memory that the next profile wanted, too. */
START_TEST(memory_is_kept_from_one_profile_to_the_next)
{
	int alone = allocations_of_a_profile();
	ck_assert_uint_eq(taken_bytes, 0);
	cp_grow_keep();
	cp_grow_keep();
	ck_assert_int_eq(allocations_of_a_profile(), alone);
	ck_assert_int_le(allocations_of_a_profile(), alone - 8);
	cp_grow_give_back();
	ck_assert_int_le(allocations_of_a_profile(), alone - 8);
	cp_grow_give_back();
	ck_assert_uint_eq(taken_bytes, 0);
	ck_assert_int_eq(allocations_of_a_profile(), alone);
}
END_TEST

START_TEST(a_profile_given_up_leaves_nothing)
{
	static const struct cp_profile_spec spec = {.sample_types = {{"samples", "count"}},
			.nsample_types = 1};
	struct cp_profile_out *o;
	until_failure = -1;
	ck_assert_int_eq(cp_profile_out_begin(&o, &spec, (struct cprof_writer){.write = count_piece}), 0);
	ck_assert_int_eq(cp_profile_out_sample(o, (uintptr_t[]){0x20000}, 1, 0, (int64_t[]){1}, NULL, 0), 0);
	cp_profile_out_abandon(o);
	ck_assert_uint_eq(taken_bytes, 0);
}
END_TEST

UNIT_MAIN("write memory", each_allocation_may_fail, memory_is_kept_from_one_profile_to_the_next,
		a_profile_given_up_leaves_nothing)
