// SPDX-License-Identifier: MIT
// What a report leaves out: light nodes, then all but the top ones, then light edges. The order of
// these steps is pprof's, down to which of them sees what another has removed, for it shows in the
// output.
#include "tool/graph/passes.h"

#include <stdlib.h>

enum { MAX_TAGS_A_NODE = 4 }; // that a picture shows

static int64_t cutoff(int64_t total, double fraction)
{
	return wrap_abs(int64_of_double((double)total * fraction));
}

// Leaves the first n of `selected`. Of a call tree the rest is connected around them.
static void keep_first(struct graph *g, uint32_t n, void (*connect)(struct graph *g, const bool *was_selected))
{
	struct arena scratch = {0};
	bool *was = g->options.call_tree ? arena_array(&scratch, bool, g->nnodes) : NULL;
	for (uint32_t i = 0; was && i < g->nselected; i++)
		was[g->selected[i]] = true;
	for (uint32_t i = n; i < g->nselected; i++)
		g->is_selected[g->selected[i]] = false;
	g->nselected = n;
	if (was)
		connect(g, was);
	arena_deinit(&scratch);
}

static uint32_t drop_light_nodes(struct graph *g, int64_t min_cum)
{
	struct arena scratch = {0};
	uint32_t *light = arena_array(&scratch, uint32_t, g->nselected);
	uint32_t nlight = 0, n = 0, all = g->nselected;
	for (uint32_t i = 0; i < all; i++) {
		uint32_t node = g->selected[i];
		if (min_cum > 0 && wrap_abs(g->nodes[node].cum) < min_cum)
			light[nlight++] = node;
		else
			g->selected[n++] = node;
	}
	for (uint32_t i = 0; i < nlight; i++)
		g->selected[n + i] = light[i];
	keep_first(g, n, calltree_link);
	arena_deinit(&scratch);
	return nlight;
}

static uint32_t drop_light_edges(struct graph *g, int64_t min_weight)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->nedges; i++) {
		struct edge *e = &g->edges[i];
		if (e->removed || !g->is_selected[e->dst] || wrap_abs(e->weight) >= min_weight)
			continue;
		e->removed = true;
		n++;
	}
	return n;
}

static uint32_t count_flat_tags(const struct graph *g, uint32_t node)
{
	uint32_t n = 0;
	for (uint32_t i = g->tag_begin[node]; i < g->tag_begin[node + 1]; i++)
		n += g->tags[i].flat != 0;
	return n;
}

// How many of the nodes make up node_count: in a picture a tag takes as much room as a node.
static uint32_t count_top(const struct graph *g, const struct graph_cuts *cuts)
{
	uint32_t max = (uint32_t)cuts->node_count, count = 0;
	for (uint32_t i = 0; cuts->is_visual && g->tags && i < g->nselected; i++) {
		uint32_t tags = count_flat_tags(g, g->selected[i]);
		count += (tags < MAX_TAGS_A_NODE ? tags : MAX_TAGS_A_NODE) + 1;
		if (count >= max)
			return i + 1;
	}
	return max < g->nselected ? max : g->nselected;
}

static void link_for(struct graph *g, const struct graph_cuts *cuts, bool only_selected)
{
	if (g->options.call_tree)
		return; // its edges are trimmed with its nodes
	bool is_wanted = !cuts->wish;
	for (uint32_t i = 0; i < g->nselected && !is_wanted; i++)
		is_wanted = cuts->wish->nodes[g->selected[i]];
	if (is_wanted)
		graph_link(g, only_selected, cuts->wish);
}

void graph_trim(struct graph *g, const struct graph_cuts *cuts, struct graph_dropped *dropped_out)
{
	int64_t total = 0;
	for (uint32_t i = 0; i < g->nselected; i++)
		total = wrap_add(total, g->nodes[g->selected[i]].flat);
	int64_t min_node = cutoff(total, cuts->node_fraction);
	int64_t min_edge = cutoff(total, cuts->edge_fraction);

	*dropped_out = (struct graph_dropped){.nodes = drop_light_nodes(g, min_node)};
	dropped_out->ncandidates = g->nselected;
	bool only_selected = dropped_out->nodes > 0;

	// Only a picture's order depends on edges; else they wait until the last node is chosen.
	bool is_linked = cuts->is_visual;
	if (is_linked)
		link_for(g, cuts, only_selected);
	graph_sort(g, cuts->order);
	// Their order does not depend on tags, and no more than node_count of them are left.
	bool has_limit = cuts->node_count > 0 && (uint32_t)cuts->node_count < g->nselected;
	if (g->options.with_tags)
		graph_tag(g, has_limit ? (uint32_t)cuts->node_count : g->nselected, min_node);
	if (cuts->node_count > 0) {
		if (is_linked || g->options.call_tree)
			drop_light_edges(g, min_edge);
		uint32_t n = count_top(g, cuts);
		if (n < g->nselected) {
			keep_first(g, n, calltree_trim);
			only_selected = true;
			is_linked = false;
		}
	}
	if (!is_linked) {
		link_for(g, cuts, only_selected);
		if (cuts->is_visual)
			graph_sort(g, cuts->order);
	}
	dropped_out->edges = drop_light_edges(g, min_edge);
	if (cuts->is_visual)
		graph_remove_redundant_edges(g);
}
