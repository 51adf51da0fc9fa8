// SPDX-License-Identifier: MIT
// Graphs of profiles small enough to check by hand, and of one large enough for several threads against
// a count that is too slow to be wrong.
#include "tool/graph/graph.h"

#include <sched.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "tool/graph/node_stacks.h"
#include "tool/graph/pass_cache.h"
#include "tool/profile/filter.h"

#include "unit.h"

enum { MAX_FRAMES = 64 };

static struct profile *p;

static void begin_profile(void)
{
	p = profile_create();
	struct value_type cpu = {profile_intern(p, STR("cpu")), profile_intern(p, STR("ns"))};
	profile_set_sample_types(p, &cpu, 1);
}

static uint32_t function_named(char name)
{
	for (uint32_t i = 0; i < p->nfunctions; i++)
		if (profile_function_name(p, i).ptr[0] == name)
			return i;
	struct function f = {.id = p->nfunctions + 1, .name = profile_intern(p, (struct str){&name, 1})};
	return profile_add_function(p, f);
}

// "ab" is a location where b, inlined, was called by a.
static uint32_t location_of(const char *functions, size_t n)
{
	struct line lines[8];
	for (size_t i = 0; i < n; i++)
		lines[i] = (struct line){.function = function_named(functions[n - 1 - i])};
	struct location l = {.id = p->nlocations + 1, .mapping = NO_INDEX};
	return profile_add_location(p, l, lines, (uint32_t)n);
}

// A stack as "main;foo;bar", a letter a function, root first; letters without ';' between are inlined.
static void add_sample(const char *stack, int64_t value)
{
	uint32_t locs[MAX_FRAMES], n = 0;
	for (struct str rest = str_from(stack); rest.len;) {
		struct str frame = str_cut(&rest, ';');
		locs[n++] = location_of(frame.ptr, frame.len);
	}
	for (uint32_t i = 0; i < n / 2; i++) {
		uint32_t swap = locs[i];
		locs[i] = locs[n - 1 - i];
		locs[n - 1 - i] = swap;
	}
	profile_add_sample(p, locs, n, &value, 0);
}

static uint32_t node_named(struct graph *g, char name)
{
	for (uint32_t i = 0; i < g->nselected; i++) {
		struct str s = graph_node_name(g, g->selected[i]);
		if (s.len == 1 && s.ptr[0] == name)
			return g->selected[i];
	}
	return NO_INDEX;
}

static const struct edge *edge_between(struct graph *g, char src, char dst)
{
	uint32_t from = node_named(g, src), to = node_named(g, dst);
	for (uint32_t i = 0; i < g->nedges; i++)
		if (g->edges[i].src == from && g->edges[i].dst == to && !g->edges[i].removed)
			return &g->edges[i];
	return NULL;
}

static void check_node(struct graph *g, char name, int64_t flat, int64_t cum)
{
	uint32_t n = node_named(g, name);
	ck_assert_msg(n != NO_INDEX, "no node %c", name);
	ck_assert_int_eq(g->nodes[n].flat, flat);
	ck_assert_int_eq(g->nodes[n].cum, cum);
}

static void check_edge(struct graph *g, char src, char dst, int64_t weight, bool residual, bool is_inline)
{
	const struct edge *e = edge_between(g, src, dst);
	ck_assert_msg(e != NULL, "no edge %c -> %c", src, dst);
	ck_assert_int_eq(e->weight, weight);
	ck_assert_int_eq(e->residual, residual);
	ck_assert_int_eq(e->is_inline, is_inline);
}

START_TEST(counts_recursion_once)
{
	begin_profile();
	add_sample("a;b;a;b;c", 10);
	add_sample("a;b", 5);
	struct graph *g = graph_create(p, &(struct graph_options){0});
	graph_link(g, false, NULL);
	check_node(g, 'a', 0, 15);
	check_node(g, 'b', 5, 15);
	check_node(g, 'c', 10, 10);
	check_edge(g, 'a', 'b', 15, false, false);
	check_edge(g, 'b', 'a', 10, false, false);
	check_edge(g, 'b', 'c', 10, false, false);
	ck_assert_uint_eq(g->nedges, 3);
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

START_TEST(bridges_what_is_left_out)
{
	begin_profile();
	add_sample("a;x;b;y", 100);
	add_sample("a;b", 100);
	add_sample("z", 1);
	struct graph *g = graph_create(p, &(struct graph_options){0});
	g->is_selected[node_named(g, 'x')] = g->is_selected[node_named(g, 'y')] = false;
	graph_link(g, true, NULL);
	check_edge(g, 'a', 'b', 200, true, false);
	ck_assert_uint_eq(g->nedges, 1);
	// The leaf's value stays with the leaf, though it is not shown.
	check_node(g, 'b', 100, 200);
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

START_TEST(marks_calls_that_were_always_inlined)
{
	begin_profile();
	add_sample("a;bcd", 7);
	add_sample("a;b;b;c", 3);
	struct graph *g = graph_create(p, &(struct graph_options){0});
	graph_link(g, false, NULL);
	check_edge(g, 'a', 'b', 10, false, false);
	check_edge(g, 'b', 'c', 10, false, false);
	check_edge(g, 'c', 'd', 7, false, true);
	check_node(g, 'd', 7, 7);
	graph_link(g, false, &(struct edge_wish){graph_may_inline(g), false});
	check_edge(g, 'c', 'd', 7, false, true);
	check_edge(g, 'b', 'c', 10, false, false);
	ck_assert_ptr_null(edge_between(g, 'a', 'b'));
	bool is_b[4] = {0};
	is_b[node_named(g, 'b')] = true;
	graph_link(g, false, &(struct edge_wish){is_b, true});
	check_edge(g, 'a', 'b', 10, false, false);
	ck_assert_uint_eq(g->nedges, 1);
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

START_TEST(links_inlined_nodes_as_the_full_graph_does)
{
	begin_profile();
	add_sample("a;xb;cx;d", 1);
	add_sample("a;x;bc;xd", 2);
	add_sample("ax;xb;d;d", 4);
	struct graph *g = graph_create(p, &(struct graph_options){0});
	g->is_selected[node_named(g, 'x')] = false;
	struct edge all[16], *edges = g->edges;
	graph_link(g, true, NULL);
	uint32_t n = g->nedges;
	ck_assert_uint_le(n, 16);
	edges = g->edges;
	for (uint32_t i = 0; i < n; i++)
		all[i] = edges[i];
	graph_link(g, true, &(struct edge_wish){graph_may_inline(g), false});
	ck_assert_uint_gt(g->nedges, 0);
	for (uint32_t i = 0; i < g->nedges; i++) {
		uint32_t k = 0;
		while (k < n && (all[k].src != g->edges[i].src || all[k].dst != g->edges[i].dst))
			k++;
		ck_assert_uint_lt(k, n);
		ck_assert_int_eq(all[k].weight, g->edges[i].weight);
		ck_assert_int_eq(all[k].residual, g->edges[i].residual);
		ck_assert_int_eq(all[k].is_inline, g->edges[i].is_inline);
	}
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

START_TEST(drops_light_nodes_and_edges)
{
	begin_profile();
	add_sample("a;b", 900);
	add_sample("a;c;d", 96);
	add_sample("a;e", 4);
	struct graph *g = graph_create(p, &(struct graph_options){0});
	struct graph_dropped dropped;
	graph_trim(g, &(struct graph_cuts){.order = ORDER_CUM, .node_fraction = 0.005,
			.edge_fraction = 0.2}, &dropped);
	ck_assert_uint_eq(dropped.nodes, 1);
	ck_assert_uint_eq(dropped.ncandidates, 4);
	ck_assert_ptr_null(edge_between(g, 'a', 'c'));
	check_edge(g, 'a', 'b', 900, false, false);
	ck_assert_uint_eq(g->selected[0], node_named(g, 'a'));
	ck_assert_uint_eq(g->selected[1], node_named(g, 'b'));
	// Equal: by name.
	ck_assert_uint_eq(g->selected[2], node_named(g, 'c'));
	ck_assert_uint_eq(g->selected[3], node_named(g, 'd'));
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

START_TEST(removes_residual_edges_that_say_nothing_new)
{
	begin_profile();
	add_sample("a;b;c", 500);
	add_sample("a;x;c", 4);
	struct graph *g = graph_create(p, &(struct graph_options){0});
	struct graph_dropped dropped;
	graph_trim(g, &(struct graph_cuts){.order = ORDER_ENTROPY, .is_visual = true,
			.node_fraction = 0.05}, &dropped);
	check_edge(g, 'b', 'c', 500, false, false);
	ck_assert_ptr_null(edge_between(g, 'a', 'c'));
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

START_TEST(keeps_contexts_apart_in_a_call_tree)
{
	begin_profile();
	add_sample("a;b;d", 3);
	add_sample("a;c;d", 5);
	struct graph *g = graph_create(p, &(struct graph_options){.call_tree = true});
	ck_assert_uint_eq(g->nselected, 5);
	ck_assert_uint_eq(g->nedges, 4);
	struct graph_dropped dropped;
	graph_trim(g, &(struct graph_cuts){.order = ORDER_CUM, .node_count = 2}, &dropped);
	ck_assert_uint_eq(g->nselected, 2);
	check_edge(g, 'a', 'c', 5, false, false);
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

START_TEST(leaves_zeros_and_losses_out)
{
	begin_profile();
	add_sample("a;b", 5);
	add_sample("a;c", -7);
	add_sample("d", 5);
	add_sample("d", -5);
	struct graph *g = graph_create(p, &(struct graph_options){0});
	ck_assert_uint_eq(node_named(g, 'd'), NO_INDEX);
	check_node(g, 'a', 0, -2);
	graph_destroy(g);
	g = graph_create(p, &(struct graph_options){.drop_negative = true});
	ck_assert_uint_eq(g->nselected, 1);
	check_node(g, 'b', 5, 5);
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

enum { FUNCTIONS = 26, SAMPLES = 20000, DEPTH = 40 };

// The slow way: a matrix, and a set cleared for each sample.
static void count_slowly(const uint8_t (*stacks)[DEPTH], int64_t *cum, int64_t (*weight)[FUNCTIONS])
{
	for (uint32_t i = 0; i < SAMPLES; i++) {
		bool seen[FUNCTIONS] = {0}, seen_edge[FUNCTIONS][FUNCTIONS] = {0};
		for (uint32_t k = 0; k < DEPTH; k++) {
			uint8_t f = stacks[i][k], caller = k + 1 < DEPTH ? stacks[i][k + 1] : f;
			if (!seen[f])
				cum[f] += i % 7 + 1;
			seen[f] = true;
			if (caller != f && !seen_edge[caller][f])
				weight[caller][f] += i % 7 + 1;
			seen_edge[caller][f] = true;
		}
	}
}

START_TEST(several_threads_count_as_one)
{
	static uint8_t stacks[SAMPLES][DEPTH];
	static int64_t cum[FUNCTIONS], weight[FUNCTIONS][FUNCTIONS];
	begin_profile();
	uint32_t locations[FUNCTIONS], seed = 1, edges = 0;
	for (int f = 0; f < FUNCTIONS; f++) {
		char name = (char)('a' + f);
		locations[f] = location_of(&name, 1);
	}
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint32_t locs[DEPTH];
		for (uint32_t k = 0; k < DEPTH; k++) {
			seed = seed * 1664525 + 1013904223;
			stacks[i][k] = (uint8_t)(seed >> 24) % FUNCTIONS;
			locs[k] = locations[stacks[i][k]];
		}
		profile_add_sample(p, locs, DEPTH, &(int64_t){i % 7 + 1}, 0);
	}
	count_slowly(stacks, cum, weight);
	struct graph *g = graph_create(p, &(struct graph_options){0});
	graph_link(g, false, NULL);
	for (int f = 0; f < FUNCTIONS; f++) {
		ck_assert_int_eq(g->nodes[node_named(g, (char)('a' + f))].cum, cum[f]);
		for (int to = 0; to < FUNCTIONS; to++) {
			if (weight[f][to])
				check_edge(g, (char)('a' + f), (char)('a' + to), weight[f][to], false, false);
			edges += weight[f][to] != 0;
		}
	}
	ck_assert_uint_eq(g->nedges, edges);
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

// What a view's function a has, where filters called `selection` left it a sample more than its base.
static int64_t cum_of_view(const char *selection, int64_t value)
{
	struct profile *view = profile_view(p);
	profile_add_sample(view, profile_stack(p, 0).locs, profile_stack(p, 0).n, &value, 0);
	view->selection = selection;
	struct graph *g = graph_create(view, &(struct graph_options){0});
	int64_t cum = g->nodes[node_named(g, 'a')].cum;
	graph_destroy(g);
	profile_destroy(view);
	return cum;
}

START_TEST(views_share_places_until_they_change_them)
{
	begin_profile();
	add_sample("a;bc", 5);
	struct arena a = {0};
	struct regex *hide = NULL;
	ck_assert_ptr_null(regex_compile(&a, STR("b"), &hide));
	struct pass_cache *cache = p->pass_cache = pass_cache_create(p);
	struct profile *views[] = {profile_view(p), profile_view(p), profile_view(p)};
	profile_filter_names(views[1], &(struct name_filter){.hide = hide});
	for (int i = 0; i < 3; i++) {
		graph_aggregate(views[i], (struct aggregate_keep){.function = true, .inline_frames = true});
		struct graph *g = graph_create(views[i], &(struct graph_options){0});
		ck_assert_int_eq(g->nodes[node_named(g, 'a')].cum, 5);
		ck_assert_int_eq(node_named(g, 'b') == NO_INDEX, i == 1);
		graph_destroy(g);
	}
	ck_assert_ptr_eq(views[0]->locations, views[2]->locations);
	ck_assert_ptr_ne(views[0]->locations, views[1]->locations);
	ck_assert_ptr_ne(views[0]->locations, p->locations);
	for (int i = 0; i < 3; i++)
		profile_destroy(views[i]);
	pass_cache_destroy(cache);
	regex_free(hide);
	arena_deinit(&a);
	profile_destroy(p);
}
END_TEST

START_TEST(remembers_passes_over_the_same_samples)
{
	begin_profile();
	add_sample("a;b", 5);
	struct pass_cache *cache = p->pass_cache = pass_cache_create(p);
	ck_assert_int_eq(cum_of_view("few", 1), 6);
	ck_assert_int_eq(cum_of_view("many", 2), 7);
	ck_assert_int_eq(cum_of_view(NULL, 3), 8);
	// Nobody calls other samples the same, but so it shows who looks.
	ck_assert_int_eq(cum_of_view("few", 4), 6);
	ck_assert_int_eq(cum_of_view("many", 4), 7);
	ck_assert_int_eq(cum_of_view(NULL, 4), 9);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

// Stacks with much in common, recursion, inlined functions; values that cancel out, or are zero.
static void add_random_samples(uint32_t n)
{
	static const char *const places[] = {"a", "b", "c", "ab", "bcd", "da", "e", "f"};
	struct value_type types[] = {{profile_intern(p, STR("n")), 0}, {profile_intern(p, STR("cpu")), 0}};
	profile_set_sample_types(p, types, 2);
	uint32_t locations[8], seed = 7;
	for (int i = 0; i < 8; i++)
		locations[i] = location_of(places[i], strlen(places[i]));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t locs[12], depth = i % 13;
		for (uint32_t k = 0; k < depth; k++) {
			seed = seed * 1664525 + 1013904223;
			locs[k] = locations[(seed >> 24) % (depth - k > 5 ? 2 : 8)];
		}
		profile_add_sample(p, locs, depth, (int64_t[]){i % 3, (int64_t)(seed >> 20 & 7) - 3}, 0);
	}
}

static struct regex *with, *rare, *without;

static void check_same(const struct graph *got, const struct graph *expected)
{
	ck_assert_uint_eq(got->nnodes, expected->nnodes);
	for (uint32_t i = 0; i < got->nnodes; i++) {
		ck_assert_int_eq(got->nodes[i].flat, expected->nodes[i].flat);
		ck_assert_int_eq(got->nodes[i].cum, expected->nodes[i].cum);
		ck_assert_int_eq(got->nodes[i].flat_div, expected->nodes[i].flat_div);
		ck_assert_int_eq(got->nodes[i].cum_div, expected->nodes[i].cum_div);
	}
	ck_assert_uint_eq(got->nedges, expected->nedges);
	for (uint32_t i = 0; i < got->nedges; i++) {
		const struct edge *e = &got->edges[i], *x = &expected->edges[i];
		ck_assert_uint_eq(e->src, x->src);
		ck_assert_uint_eq(e->dst, x->dst);
		ck_assert_int_eq(e->weight, x->weight);
		ck_assert_int_eq(e->weight_div, x->weight_div);
		ck_assert_int_eq(e->residual, x->residual);
		ck_assert_int_eq(e->is_inline, x->is_inline);
	}
}

enum { LEFT_OUT = 0x3f, INLINED = 0x40, ONLY_TO = 0x80 }; // nodes; which edges are wanted

static struct graph *linked_graph(struct pass_cache *cache, bool mean, uint32_t link_case, const struct regex *focus)
{
	p->pass_cache = cache;
	struct profile *view = profile_view(p);
	const struct regex *ignore = focus ? without : NULL;
	sample_finder *find = graph_find_samples;
	profile_filter_names(view, &(struct name_filter){.focus = focus, .ignore = mean ? ignore : NULL, .find = find});
	profile_filter_names(view, &(struct name_filter){.ignore = ignore, .find = find});
	struct graph *g = graph_create(view, &(struct graph_options){.value_index = 1, .mean = mean});
	for (uint32_t i = 0; i < g->nnodes; i++)
		g->is_selected[i] = !(link_case >> i & 1);
	struct edge_wish wish = {graph_may_inline(g), link_case & ONLY_TO};
	graph_link(g, link_case & LEFT_OUT, link_case & INLINED ? &wish : NULL);
	p->pass_cache = NULL;
	profile_destroy(view);
	return g;
}

// One of p that knows its stacks as nodes.
static struct pass_cache *cache_with_stacks(void)
{
	struct pass_cache *cache = pass_cache_create(p);
	graph_destroy(linked_graph(cache, false, 0, NULL));
	pass_cache_prepare(cache, NULL, NULL);
	struct profile *view = profile_view(p);
	view->pass_cache = cache;
	struct graph *frames = graph_create(view, &(struct graph_options){0});
	while (!pass_cache_stacks(frames)) // being made; Check ends what never comes
		sched_yield();
	graph_destroy(frames);
	profile_destroy(view);
	return cache;
}

START_TEST(stacks_kept_as_nodes_say_the_same)
{
	begin_profile();
	add_random_samples(20000);
	struct arena a = {0};
	ck_assert_ptr_null(regex_compile(&a, STR("[ab]"), &with));
	ck_assert_ptr_null(regex_compile(&a, STR("e"), &rare));
	ck_assert_ptr_null(regex_compile(&a, STR("f"), &without));
	struct pass_cache *cache = cache_with_stacks();
	for (uint32_t i = 0; i < 68; i++) {
		for (int mean = 0; mean < 2; mean++) {
			// None; a few samples; most.
			const struct regex *focus = i >= 64 || i % 3 == 0 ? NULL : i % 3 == 1 ? rare : with;
			uint32_t link_case = i >= 64 ? (i - 64) << 6 : i | (i & 12) << 4;
			struct graph *expected = linked_graph(NULL, mean, link_case, focus);
			struct graph *got = linked_graph(cache, mean, link_case, focus);
			check_same(got, expected);
			graph_destroy(got);
			graph_destroy(expected);
		}
	}
	regex_free(with);
	regex_free(rare);
	regex_free(without);
	arena_deinit(&a);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

struct guesser {
	struct pass_cache *cache;
	atomic_bool has_begun, has_ended;
};

static void guess_until_cancelled(void *arg)
{
	struct guesser *g = arg;
	atomic_store(&g->has_begun, true);
	while (!cancelled())
		sched_yield();
	atomic_store(&g->has_ended, true);
}

static void begin_guess(struct guesser *g)
{
	atomic_store(&g->has_begun, false);
	atomic_store(&g->has_ended, false);
	pass_cache_prepare(g->cache, guess_until_cancelled, g);
	while (!atomic_load(&g->has_begun)) // behind the stacks, where these are due
		sched_yield();
}

START_TEST(a_guess_gives_way_to_reports_and_to_the_end)
{
	begin_profile();
	add_random_samples(20000);
	struct guesser g = {.cache = pass_cache_create(p)};
	struct graph *expected = linked_graph(NULL, false, 5, NULL);
	for (int i = 0; i < 3; i++) {
		struct graph *got = linked_graph(g.cache, false, 5, NULL);
		check_same(got, expected);
		graph_destroy(got);
		begin_guess(&g);
		pass_cache_pause(g.cache);
		ck_assert(atomic_load(&g.has_ended));
		ck_assert(!cancelled());
	}
	graph_destroy(expected);
	begin_guess(&g);
	pass_cache_destroy(g.cache);
	ck_assert(atomic_load(&g.has_ended));
	ck_assert(!cancelled());
	profile_destroy(p);
}
END_TEST

// Between the stacks' making and a report there may be no time to guess: none begins behind pass_cache_pause().
START_TEST(no_guess_begins_in_a_report)
{
	begin_profile();
	add_random_samples(2000);
	for (int i = 0; i < 20; i++) {
		struct guesser g = {.cache = pass_cache_create(p)};
		graph_destroy(linked_graph(g.cache, false, 0, NULL));
		pass_cache_prepare(g.cache, guess_until_cancelled, &g);
		for (int k = 0; k < i * 40; k++)
			sched_yield();
		pass_cache_pause(g.cache);
		ck_assert_int_eq(atomic_load(&g.has_begun), atomic_load(&g.has_ended));
		bool had_begun = atomic_load(&g.has_begun);
		graph_destroy(linked_graph(g.cache, false, 5, NULL));
		ck_assert_int_eq(atomic_load(&g.has_begun), had_begun);
		pass_cache_destroy(g.cache);
	}
	profile_destroy(p);
}
END_TEST

static void guess_edges(void *arg)
{
	struct guesser *g = arg;
	graph_destroy(linked_graph(g->cache, false, 5, NULL));
	atomic_store(&g->has_ended, true);
}

START_TEST(what_a_guess_found_is_as_found_by_a_report)
{
	begin_profile();
	add_random_samples(20000);
	struct guesser g = {.cache = pass_cache_create(p)};
	struct graph *expected = linked_graph(NULL, false, 5, NULL);
	graph_destroy(linked_graph(g.cache, false, 0, NULL));
	pass_cache_prepare(g.cache, guess_edges, &g);
	while (!atomic_load(&g.has_ended))
		sched_yield();
	pass_cache_pause(g.cache);
	struct graph *got = linked_graph(g.cache, false, 5, NULL);
	check_same(got, expected);
	graph_destroy(got);
	graph_destroy(expected);
	pass_cache_destroy(g.cache);
	profile_destroy(p);
}
END_TEST

// Nodes whose names match, of samples in focus, against the same nodes of the whole graph.
static void check_named(struct pass_cache *cache, bool mean, const struct regex *focus, const struct regex *named)
{
	struct profile *view = profile_view(p);
	view->pass_cache = cache;
	profile_filter_names(view, &(struct name_filter){.focus = focus, .find = graph_find_samples});
	struct graph_options options = {.value_index = 1, .mean = mean};
	struct graph *all = graph_create(view, &options);
	options.named = named;
	struct graph *some = graph_create(view, &options);
	uint32_t nmatching = 0;
	for (uint32_t i = 0; i < all->nselected; i++) {
		uint32_t node = all->selected[i];
		struct str name = graph_node_name(all, node);
		if (!regex_match(named, name))
			continue;
		nmatching++;
		check_node(some, name.ptr[0], all->nodes[node].flat, all->nodes[node].cum);
		const struct node *same = &some->nodes[node_named(some, name.ptr[0])];
		ck_assert_int_eq(same->flat_div, all->nodes[node].flat_div);
		ck_assert_int_eq(same->cum_div, all->nodes[node].cum_div);
	}
	ck_assert_uint_eq(some->nselected, nmatching);
	graph_destroy(all);
	graph_destroy(some);
	profile_destroy(view);
}

START_TEST(nodes_of_some_names_are_as_among_all)
{
	begin_profile();
	add_random_samples(20000);
	struct arena a = {0};
	static const char *const names[] = {"[ab]", "e", "[bd]", "nothing", ""};
	struct regex *focus, *named;
	ck_assert_ptr_null(regex_compile(&a, STR("[ce]"), &focus));
	struct pass_cache *cache = cache_with_stacks();
	for (uint32_t i = 0; i < 5 * 8; i++) {
		ck_assert_ptr_null(regex_compile(&a, str_from(names[i / 8]), &named));
		check_named(i & 1 ? cache : NULL, i & 2, i & 4 ? focus : NULL, named);
		regex_free(named);
	}
	regex_free(focus);
	arena_deinit(&a);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

START_TEST(stacks_that_find_no_room_are_not_kept)
{
	begin_profile();
	add_sample("abc", 1); // one location, three nodes
	struct graph *g = graph_create(p, &(struct graph_options){0});
	atomic_bool stop = false;
	ck_assert_ptr_null(node_stacks_create(p, g->frames, g->nnodes, &stop));
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("graph", counts_recursion_once, bridges_what_is_left_out, marks_calls_that_were_always_inlined,
		links_inlined_nodes_as_the_full_graph_does, drops_light_nodes_and_edges,
		removes_residual_edges_that_say_nothing_new, keeps_contexts_apart_in_a_call_tree,
		leaves_zeros_and_losses_out, several_threads_count_as_one,
		views_share_places_until_they_change_them, remembers_passes_over_the_same_samples,
		stacks_kept_as_nodes_say_the_same, nodes_of_some_names_are_as_among_all,
		a_guess_gives_way_to_reports_and_to_the_end, no_guess_begins_in_a_report,
		what_a_guess_found_is_as_found_by_a_report, stacks_that_find_no_room_are_not_kept)
