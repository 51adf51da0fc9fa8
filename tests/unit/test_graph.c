// SPDX-License-Identifier: MIT
// Graphs of profiles small enough to check by hand, and of one large enough for several threads against
// a count that is too slow to be wrong.
#include "letter_profile.h"

static const struct edge *edge_between(struct graph *g, char src, char dst)
{
	uint32_t from = node_named(g, src), to = node_named(g, dst);
	for (uint32_t i = 0; i < g->nedges; i++)
		if (g->edges[i].src == from && g->edges[i].dst == to && !g->edges[i].removed)
			return &g->edges[i];
	return NULL;
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
	struct graph_dropped dropped;
	graph_trim(g, &(struct graph_cuts){.order = ORDER_CUM}, &dropped);
	ck_assert_uint_eq(g->nselected, 5);
	ck_assert_uint_eq(g->nedges, 4);
	graph_destroy(g);
	g = graph_create(p, &(struct graph_options){.call_tree = true});
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

UNIT_MAIN("graph", counts_recursion_once, bridges_what_is_left_out, marks_calls_that_were_always_inlined,
		links_inlined_nodes_as_the_full_graph_does, drops_light_nodes_and_edges,
		removes_residual_edges_that_say_nothing_new, keeps_contexts_apart_in_a_call_tree,
		leaves_zeros_and_losses_out, several_threads_count_as_one)
