// SPDX-License-Identifier: MIT
// Stacks kept as nodes that show_from has begin at some of them: as cut in the stacks themselves.
#include "tool/profile/filter.h"

#include "random_stacks.h"

// Left out are the nodes whose bits are set.
static struct graph *graph_from(struct pass_cache *cache, const struct regex *from, bool mean, uint32_t left_out,
		bool only_inlined)
{
	struct profile *view = profile_view(p);
	view->pass_cache = cache;
	profile_show_from(view, from, graph_find_samples, cache);
	struct graph *g = graph_create(view, &(struct graph_options){.value_index = 1, .mean = mean});
	for (uint32_t i = 0; i < g->nnodes; i++)
		g->is_selected[i] &= !(left_out >> i & 1);
	struct edge_wish wish = {graph_may_inline(g), false};
	graph_link(g, left_out, only_inlined ? &wish : NULL);
	profile_destroy(view);
	return g;
}

static void check_from(struct pass_cache *cache, const char *pattern, bool is_cut_in_stacks)
{
	struct arena a = {0};
	struct regex *from;
	ck_assert_ptr_null(regex_compile(&a, str_from(pattern), &from));
	for (uint32_t i = 0; i < 128; i++) {
		bool mean = i % 3 == 0, only_inlined = i % 5 == 0;
		struct graph *expected = graph_from(NULL, from, mean, i / 2, only_inlined);
		struct graph *got = graph_from(cache, from, mean, i / 2, only_inlined);
		ck_assert_ptr_null(expected->is_root);
		ck_assert_int_eq(got->is_root == NULL, is_cut_in_stacks);
		check_same(got, expected);
		graph_destroy(got);
		graph_destroy(expected);
	}
	regex_free(from);
	arena_deinit(&a);
}

START_TEST(stacks_begin_at_roots_as_if_cut)
{
	static const char *const patterns[] = {"e", "f", "[ef]", "[abd]", "[abcd]", "[abde]", "nothing"};
	begin_profile();
	add_random_samples(4000);
	struct pass_cache *cache = cache_with_stacks();
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		check_from(cache, patterns[i], false);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

// What a root is inlined into does not show; it may, nearer to the leaf.
START_TEST(stacks_begin_at_inlined_roots)
{
	begin_profile();
	add_random_samples(2000);
	uint32_t root = location_of("gh", 2);
	uint32_t others[] = {location_of("h", 1), location_of("hi", 2), location_of("i", 1)};
	for (uint32_t i = 0, seed = 3; i < 2000; i++) {
		uint32_t locs[9];
		for (uint32_t k = 0; k < 9; k++) {
			seed = seed * 1664525 + 1013904223;
			locs[k] = others[(seed >> 24) % 3];
		}
		if (i % 12 < 9)
			locs[i % 12] = root;
		profile_add_sample(p, locs, 9, (int64_t[]){i % 3, (int64_t)(seed >> 20 & 7) - 3}, 0);
	}
	struct pass_cache *cache = cache_with_stacks();
	check_from(cache, "g", false);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

// Where what was inlined matches, and not into what, lines of locations go, also in the midst of stacks.
START_TEST(lines_are_cut_in_stacks)
{
	begin_profile();
	add_random_samples(2000);
	struct pass_cache *cache = cache_with_stacks();
	check_from(cache, "b", true);
	check_from(cache, "[bc]", true);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

START_TEST(roots_are_cut_in_stacks_for_tags_and_call_trees)
{
	begin_profile();
	add_random_samples(2000);
	struct pass_cache *cache = cache_with_stacks();
	struct arena a = {0};
	struct regex *from;
	ck_assert_ptr_null(regex_compile(&a, STR("e"), &from));
	for (int call_tree = 0; call_tree < 2; call_tree++) {
		struct graph *graphs[2];
		for (int i = 0; i < 2; i++) {
			struct profile *view = profile_view(p);
			view->pass_cache = i ? cache : NULL;
			profile_show_from(view, from, graph_find_samples, i);
			graphs[i] = graph_create(view, &(struct graph_options){.value_index = 1, .call_tree = call_tree,
					.with_tags = !call_tree});
			ck_assert_ptr_null(graphs[i]->is_root);
			profile_destroy(view);
		}
		check_same(graphs[1], graphs[0]);
		graph_destroy(graphs[0]);
		graph_destroy(graphs[1]);
	}
	regex_free(from);
	arena_deinit(&a);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("roots", stacks_begin_at_roots_as_if_cut, stacks_begin_at_inlined_roots, lines_are_cut_in_stacks,
		roots_are_cut_in_stacks_for_tags_and_call_trees)
