// SPDX-License-Identifier: MIT
// -tree: each node between its callers and its callees; -peek: only nodes that match.
#include "tool/report/cells.h"
#include "tool/report/formats.h"

static const char separator[] =
		"----------------------------------------------------------+-------------\n";
static const char legend[] =
		"      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n";

// The separator belongs to pprof's format, and so do the blanks at the end of the legend.

static void put_edges(const struct report *r, struct graph *g, uint32_t node, enum edge_side side,
		struct buf *out)
{
	const struct edge **edges;
	uint32_t n = graph_sorted_edges(g, node, side, &edges);
	int64_t cum = mean_value(g->nodes[node].cum, g->nodes[node].cum_div);
	for (uint32_t i = 0; i < n; i++) {
		put_value(r, edges[i]->weight, 50, out);
		buf_byte(out, ' ');
		put_percent(edges[i]->weight, cum, out);
		buf_cstr(out, " |   ");
		buf_str(out, graph_node_name(g, side == EDGES_IN ? edges[i]->src : edges[i]->dst));
		buf_cstr(out, edges[i]->is_inline ? " (inline)\n" : "\n");
	}
}

static void put_node(const struct report *r, struct graph *g, uint32_t node, int64_t sum,
		struct buf *out)
{
	const struct node *n = &g->nodes[node];
	int64_t flat = mean_value(n->flat, n->flat_div), cum = mean_value(n->cum, n->cum_div);
	put_value(r, flat, 10, out);
	buf_byte(out, ' ');
	put_percent(flat, r->total, out);
	buf_byte(out, ' ');
	put_percent(sum, r->total, out);
	buf_byte(out, ' ');
	put_value(r, cum, 10, out);
	buf_byte(out, ' ');
	put_percent(cum, r->total, out);
	buf_cstr(out, "                | ");
	buf_str(out, graph_node_name(g, node));
	buf_byte(out, '\n');
}

// Leaves the nodes that match, and only now orders them: of a large profile they are few.
static void select_matches(const struct report *r, struct graph *g)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->nselected; i++)
		if (r->matches[g->selected[i]])
			g->selected[n++] = g->selected[i];
	g->nselected = n;
	graph_sort(g, r->options.cum_sort ? ORDER_CUM : ORDER_FLAT);
}

struct err *report_write_tree(struct report *r, struct buf *out)
{
	struct graph_dropped dropped;
	struct graph *g = report_trimmed_graph(r, &dropped);
	bool has_nodes = g->nselected;
	int64_t sum = 0;

	report_labels(r, g, &dropped, false, out);
	buf_byte(out, '\n');
	buf_cstr(out, separator);
	buf_cstr(out, legend);
	if (r->matches)
		select_matches(r, g);
	for (uint32_t i = 0; i < g->nselected; i++) {
		uint32_t node = g->selected[i];
		sum = wrap_add(sum, mean_value(g->nodes[node].flat, g->nodes[node].flat_div));
		buf_cstr(out, separator);
		put_edges(r, g, node, EDGES_IN, out);
		put_node(r, g, node, sum, out);
		put_edges(r, g, node, EDGES_OUT, out);
	}
	if (has_nodes)
		buf_cstr(out, separator);
	bool is_met = !r->matches || g->nselected;
	graph_destroy(g);
	if (!is_met)
		return err_new(&r->profile->arena, "no matches found for regexp: %.*s",
				STR_FMT(r->options.symbol_text));
	return NULL;
}
