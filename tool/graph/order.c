// SPDX-License-Identifier: MIT
// The orders nodes and edges are shown in. Names decide between equal values, so that a report reads the
// same whenever it is made; the last resort are all of a node's particulars, as pprof prints them.
#include "tool/graph/graph.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "base/libm.h"

struct ordering {
	struct graph *g;
	enum graph_order order;
	const int64_t *scores; // [nnodes]; cum or entropy
};

static int by_abs(int64_t a, int64_t b)
{
	int64_t x = wrap_abs(a), y = wrap_abs(b);
	return (x < y) - (x > y);
}

static int by_str(const struct profile *p, strid a, strid b)
{
	return a == b ? 0 : str_cmp(profile_str(p, a), profile_str(p, b));
}

static void print_particulars(const struct graph *g, const struct node_info *i, struct buf *out)
{
	const struct profile *p = g->profile;
	buf_byte(out, '{');
	buf_str(out, profile_str(p, i->name));
	buf_printf(out, "  %" PRIu64 " ", i->address);
	buf_str(out, profile_str(p, i->file));
	buf_printf(out, " %" PRId64 " %" PRId64 " %" PRId64 " ", i->start_line, i->line, i->column);
	buf_str(out, profile_str(p, i->objfile));
	buf_byte(out, '}');
}

static int by_particulars(const struct graph *g, uint32_t l, uint32_t r)
{
	struct buf a = {0}, b = {0};
	print_particulars(g, &g->infos[g->nodes[l].info], &a);
	print_particulars(g, &g->infos[g->nodes[r].info], &b);
	int c = str_cmp((struct str){a.ptr, a.len}, (struct str){b.ptr, b.len});
	buf_deinit(&a);
	buf_deinit(&b);
	return c ? c : (l > r) - (l < r);
}

static int by_name(struct graph *g, uint32_t l, uint32_t r)
{
	return str_cmp(graph_node_name(g, l), graph_node_name(g, r));
}

static int by_value(const struct ordering *o, uint32_t l, uint32_t r)
{
	struct graph *g = o->g;
	bool flat = o->order == ORDER_FLAT;
	const struct node *a = &g->nodes[l], *b = &g->nodes[r];
	int c = flat ? by_abs(a->flat, b->flat) : by_abs(o->scores[l], o->scores[r]);
	if (!c)
		c = by_name(g, l, r);
	if (!c)
		c = flat ? by_abs(a->cum, b->cum) : by_abs(a->flat, b->flat);
	return c;
}

static int compare_nodes(const void *left, const void *right, void *arg)
{
	const struct ordering *o = arg;
	uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
	const struct node_info *a = &o->g->infos[o->g->nodes[l].info];
	const struct node_info *b = &o->g->infos[o->g->nodes[r].info];
	int c = 0;
	switch (o->order) {
	case ORDER_NONE:
		break;
	case ORDER_FLAT:
	case ORDER_CUM:
	case ORDER_ENTROPY:
		c = by_value(o, l, r);
		break;
	case ORDER_NAME:
		c = by_str(o->g->profile, a->name, b->name);
		break;
	case ORDER_FILE:
		c = by_str(o->g->profile, a->file, b->file);
		if (!c)
			c = (a->start_line > b->start_line) - (a->start_line < b->start_line);
		break;
	case ORDER_ADDRESS:
		c = (a->address > b->address) - (a->address < b->address);
		break;
	}
	return c ? c : by_particulars(o->g, l, r);
}

// The exponent apart, as Go computes it: near powers of two it matters in the last digit.
static double log2_of(double v)
{
	int exponent;
	double fraction = libm()->frexp(v, &exponent);
	if (fraction == 0.5)
		return exponent - 1;
	return libm()->log(fraction) * (1 / 0.693147180559945309417232121458176568) + exponent;
}

static double entropy_term(int64_t weight, int64_t total)
{
	double fraction = (double)wrap_abs(weight) / (double)total;
	return -fraction * log2_of(fraction);
}

// The entropy of a set of edges: how evenly the value spreads over them. `self` takes part as one more.
static double edges_entropy(const struct graph *g, const uint32_t *begin, const uint32_t *list,
		uint32_t node, int64_t self)
{
	int64_t total = self;
	uint32_t n = 0;
	for (uint32_t i = begin[node]; i < begin[node + 1]; i++) {
		const struct edge *e = &g->edges[list[i]];
		if (e->removed)
			continue;
		n++;
		if (e->weight > 0)
			total = wrap_add(total, e->weight);
	}
	if (!n)
		return 1; // entries and leaves are worth seeing
	double score = 0;
	if (total == 0)
		return score;
	for (uint32_t i = begin[node]; i < begin[node + 1]; i++) {
		const struct edge *e = &g->edges[list[i]];
		if (!e->removed)
			score += entropy_term(e->weight, total);
	}
	if (self > 0)
		score += entropy_term(self, total);
	return score;
}

static int64_t entropy_score(const struct graph *g, uint32_t node)
{
	const struct node *n = &g->nodes[node];
	double score = edges_entropy(g, g->in_begin, g->in, node, 0) +
			edges_entropy(g, g->out_begin, g->out, node, n->flat);
	return wrap_add(int64_of_double(score * (double)n->cum), n->flat);
}

void graph_sort(struct graph *g, enum graph_order order)
{
	struct arena scratch = {0};
	struct ordering o = {g, order, NULL};
	if (order == ORDER_NONE)
		return;
	if (order == ORDER_CUM || order == ORDER_ENTROPY) {
		int64_t *scores = arena_array(&scratch, int64_t, g->nnodes);
		for (uint32_t i = 0; i < g->nselected && !cancelled(); i++) {
			uint32_t n = g->selected[i];
			scores[n] = order == ORDER_CUM ? g->nodes[n].cum : entropy_score(g, n);
		}
		o.scores = scores;
	}
	if (!cancelled())
		qsort_r(g->selected, g->nselected, sizeof(g->selected[0]), compare_nodes, &o);
	arena_deinit(&scratch);
}

static int compare_edges(const void *left, const void *right, void *arg)
{
	struct graph *g = arg;
	const struct edge *l = *(const struct edge *const *)left;
	const struct edge *r = *(const struct edge *const *)right;
	int c = by_abs(l->weight, r->weight);
	if (!c)
		c = by_name(g, l->src, r->src);
	if (!c)
		c = by_name(g, l->dst, r->dst);
	if (!c)
		c = (l > r) - (l < r);
	return c;
}

void graph_sort_edges(struct graph *g, const struct edge **edges, uint32_t n)
{
	if (n > 1)
		qsort_r(edges, n, sizeof(edges[0]), compare_edges, g);
}

uint32_t graph_sorted_edges(struct graph *g, uint32_t node, enum edge_side side,
		const struct edge ***edges_out)
{
	const uint32_t *begin = side == EDGES_IN ? g->in_begin : g->out_begin;
	const uint32_t *list = side == EDGES_IN ? g->in : g->out;
	uint32_t all = begin[node + 1] - begin[node], n = 0;
	if (all > g->sorted_cap) {
		g->sorted_cap = all * 2;
		g->sorted = arena_array(&g->arena, const struct edge *, g->sorted_cap);
	}
	for (uint32_t i = 0; i < all; i++) {
		const struct edge *e = &g->edges[list[begin[node] + i]];
		if (!e->removed)
			g->sorted[n++] = e;
	}
	graph_sort_edges(g, g->sorted, n);
	*edges_out = g->sorted;
	return n;
}
