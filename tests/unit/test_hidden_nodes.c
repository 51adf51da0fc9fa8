// SPDX-License-Identifier: MIT
// Nodes that hide and show leave out of stacks kept as nodes: as taken out of the stacks themselves.
#include "tool/profile/filter.h"

#include "random_stacks.h"

// The next node with a name: a location of which all is hidden has one without.
static uint32_t next_named(const struct graph *g, uint32_t at)
{
	while (at < g->nnodes && !g->infos[at].name)
		at++;
	return at;
}

// Of what is hidden one graph has nodes that nothing leads to, and the other none.
static void check_same_shown(const struct graph *got, const struct graph *expected)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < got->nnodes; i++) {
		at = next_named(expected, at);
		const struct node *n = &got->nodes[i], *x = at < expected->nnodes ? &expected->nodes[at] : NULL;
		bool is_same = x && got->infos[i].name == expected->infos[at].name;
		ck_assert_int_eq(is_same, !got->is_hidden[i]);
		at += is_same;
		ck_assert_int_eq(n->flat, is_same ? x->flat : 0);
		ck_assert_int_eq(n->cum, is_same ? x->cum : 0);
		ck_assert_int_eq(n->flat_div, is_same ? x->flat_div : 0);
		ck_assert_int_eq(n->cum_div, is_same ? x->cum_div : 0);
		ck_assert_int_eq(graph_may_inline(got)[i], is_same && graph_may_inline(expected)[at - 1]);
	}
	ck_assert_uint_eq(next_named(expected, at), expected->nnodes);
	ck_assert_uint_eq(got->nedges, expected->nedges);
	for (uint32_t i = 0; i < got->nedges; i++) {
		const struct edge *e = &got->edges[i], *x = &expected->edges[i];
		ck_assert_uint_eq(got->infos[e->src].name, expected->infos[x->src].name);
		ck_assert_uint_eq(got->infos[e->dst].name, expected->infos[x->dst].name);
		ck_assert_int_eq(e->weight, x->weight);
		ck_assert_int_eq(e->weight_div, x->weight_div);
		ck_assert_int_eq(e->residual, x->residual);
		ck_assert_int_eq(e->is_inline, x->is_inline);
	}
}

// Left out are the nodes whose letters' bits are set.
static struct graph *graph_hiding(struct pass_cache *cache, struct name_filter names, bool mean, uint32_t left_out,
		bool only_inlined)
{
	struct profile *view = profile_view(p);
	view->pass_cache = cache;
	names.find = graph_find_samples;
	names.defers = cache;
	profile_filter_names(view, &names);
	struct graph *g = graph_create(view, &(struct graph_options){.value_index = 1, .mean = mean});
	ck_assert_int_eq(g->is_hidden != NULL, cache != NULL);
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (g->infos[i].name)
			g->is_selected[i] &= !(left_out >> (profile_str(p, g->infos[i].name).ptr[0] - 'a') & 1);
	struct edge_wish wish = {graph_may_inline(g), false};
	graph_link(g, left_out, only_inlined ? &wish : NULL);
	profile_destroy(view);
	return g;
}

static void check_hiding(struct pass_cache *cache, struct name_filter names)
{
	static uint32_t i;
	for (uint32_t end = i + 9; i < end; i++) {
		bool mean = i % 3 == 0, only_inlined = i % 5 == 0;
		struct graph *expected = graph_hiding(NULL, names, mean, i % 64, only_inlined);
		struct graph *got = graph_hiding(cache, names, mean, i % 64, only_inlined);
		check_same_shown(got, expected);
		graph_destroy(got);
		graph_destroy(expected);
	}
}

START_TEST(hidden_nodes_are_as_taken_out_of_stacks)
{
	static const char *const patterns[] = {"a", "b", "[cd]", "[ab]", "[ef]", "c|f", "[a-f]"};
	begin_profile();
	add_random_samples(4000);
	// What is only inlined, and is not where all it was inlined into is hidden.
	uint32_t inlined[] = {location_of("abg", 3), location_of("e", 1)};
	profile_add_sample(p, inlined, 2, (int64_t[]){1, 500}, 0);
	struct arena a = {0};
	struct regex *some, *hide, *others;
	ck_assert_ptr_null(regex_compile(&a, STR("[ab]"), &some));
	ck_assert_ptr_null(regex_compile(&a, STR("[bce]"), &others));
	struct pass_cache *cache = cache_with_stacks();
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		ck_assert_ptr_null(regex_compile(&a, str_from(patterns[i]), &hide));
		check_hiding(cache, (struct name_filter){.hide = hide});
		check_hiding(cache, (struct name_filter){.hide = hide, .focus = some});
		check_hiding(cache, (struct name_filter){.hide = hide, .ignore = others});
		check_hiding(cache, (struct name_filter){.hide = hide, .show = others});
		regex_free(hide);
	}
	regex_free(some);
	regex_free(others);
	arena_deinit(&a);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

// A function of two files, of which one is hidden: as nodes these are one.
START_TEST(what_is_hidden_in_part_is_taken_out_of_stacks)
{
	begin_profile();
	add_random_samples(2000);
	struct function twin = {.id = 100, .name = profile_intern(p, STR("a")),
			.filename = profile_intern(p, STR("z"))};
	struct line line = {.function = profile_add_function(p, twin)};
	struct location l = {.id = 100, .mapping = NO_INDEX};
	uint32_t location = profile_add_location(p, l, &line, 1);
	profile_add_sample(p, &location, 1, (int64_t[]){1, 1000}, 0);
	struct arena a = {0};
	struct regex *hide;
	ck_assert_ptr_null(regex_compile(&a, STR("z"), &hide));
	struct graph *graphs[2];
	struct pass_cache *cache = NULL;
	struct aggregate_keep keep = {.function = true, .inline_frames = true};
	for (int i = 0; i < 2; i++) {
		p->pass_cache = cache;
		struct profile *view = profile_view(p);
		profile_filter_names(view, &(struct name_filter){.hide = hide, .defers = true});
		graph_aggregate(view, keep);
		graphs[i] = graph_create(view, &(struct graph_options){.value_index = 1});
		ck_assert_ptr_null(graphs[i]->is_hidden);
		profile_destroy(view);
		if (!cache)
			cache = cache_with_stacks();
	}
	check_same(graphs[1], graphs[0]);
	graph_destroy(graphs[0]);
	graph_destroy(graphs[1]);
	regex_free(hide);
	arena_deinit(&a);
	p->pass_cache = NULL;
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("hidden nodes", hidden_nodes_are_as_taken_out_of_stacks, what_is_hidden_in_part_is_taken_out_of_stacks)
