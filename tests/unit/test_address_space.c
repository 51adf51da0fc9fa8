// SPDX-License-Identifier: MIT
// Address spaces against tables of who is at each address.
#include "tool/perfdata/address_space.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { ADDRESSES = 200, SPACES = 6, STEPS = 4000 };

struct address_range {
	int number;
};

static struct address_range ranges[STEPS];

static void check_space(const struct address_node *root, struct address_range *const *owners)
{
	for (uint64_t at = 0; at < ADDRESSES; at++)
		ck_assert_ptr_eq(address_space_find(root, at), owners[at]);
	ck_assert_ptr_null(address_space_find(root, ADDRESSES));
	ck_assert_ptr_null(address_space_find(root, UINT64_MAX));
}

START_TEST(test_the_newest_hides)
{
	struct arena a = {0};
	struct address_nodes nodes = {.arena = &a};
	struct address_node *spaces[SPACES] = {0};
	static struct address_range *owners[SPACES][ADDRESSES];
	srandom(1);
	for (int i = 0; i < STEPS; i++) {
		int s = (int)(random() % SPACES), from = (int)(random() % SPACES);
		if (random() % 16 == 0) { // it forks
			struct address_node *child = address_space_share(spaces[from]);
			address_space_drop(&nodes, spaces[s]);
			spaces[s] = child;
			memmove(owners[s], owners[from], sizeof owners[s]);
		}
		uint64_t start = (uint64_t)random() % ADDRESSES, most = random() % 8 ? 12 : ADDRESSES;
		uint64_t limit = start + 1 + (uint64_t)random() % most;
		limit = limit < ADDRESSES ? limit : ADDRESSES;
		ck_assert(address_space_map(&nodes, &spaces[s], start, limit, &ranges[i]));
		for (uint64_t at = start; at < limit; at++)
			owners[s][at] = &ranges[i];
		check_space(spaces[s], owners[s]);
		check_space(spaces[from], owners[from]); // what they share has stayed
	}
	for (int s = 0; s < SPACES; s++)
		address_space_drop(&nodes, spaces[s]);
	ck_assert_uint_eq(nodes.n, 0);
	arena_deinit(&a);
}
END_TEST

/** In each order a tree is built in, it is about as high as the logarithm: copying the way down to one range tells. */
START_TEST(test_height)
{
	enum { N = 100000 };
	struct arena a = {0};
	for (int order = 0; order < 3; order++) {
		struct address_nodes nodes = {.arena = &a};
		struct address_node *root = NULL;
		for (uint64_t i = 0; i < N; i++) {
			uint64_t at = 16 * (order == 0 ? i : order == 1 ? N - i : i * 7919 % N);
			ck_assert(address_space_map(&nodes, &root, at, at + 16, &ranges[0]));
		}
		ck_assert_uint_eq(nodes.n, N);
		struct address_node *child = address_space_share(root);
		ck_assert(address_space_map(&nodes, &child, 8 * N, 8 * N + 1, &ranges[1]));
		ck_assert_uint_lt(nodes.n, N + 100);
		ck_assert_ptr_eq(address_space_find(child, 8 * N), &ranges[1]);
		ck_assert_ptr_eq(address_space_find(root, 8 * N), &ranges[0]);
	}
	arena_deinit(&a);
}
END_TEST

UNIT_MAIN("address_space", test_the_newest_hides, test_height)
