// SPDX-License-Identifier: MIT
// The graph of -call_tree: a node a context, so every node has at most one caller. Built as a trie over
// the stacks; serial, for nobody draws a million contexts.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "tool/graph/frames.h"

// Hash over (caller, info) -> node; the caller of a root is NO_INDEX.
struct trie {
	uint32_t *slots; // node + 1
	uint64_t mask;
	uint32_t *parents; // [nodes_cap]
	bool *inlines;     // every call to the node was inlined
	uint32_t nodes_cap;
};

static uint64_t trie_at(uint32_t parent, uint32_t info, uint64_t mask)
{
	uint64_t h = ((uint64_t)parent << 32 | info) * 0x9e3779b97f4a7c15u;
	return (h ^ h >> 32) & mask;
}

static void trie_grow(struct graph *g, struct trie *t)
{
	struct arena *a = &g->arena;
	uint32_t old = t->nodes_cap, cap = old ? old * 2 : 1024;
	g->nodes = arena_grow(a, g->nodes, old * sizeof(struct node), cap * sizeof(struct node),
			_Alignof(struct node));
	t->parents = arena_grow(a, t->parents, old * sizeof(uint32_t), cap * sizeof(uint32_t),
			_Alignof(uint32_t));
	t->inlines = arena_grow(a, t->inlines, old * sizeof(bool), cap * sizeof(bool), 1);
	t->nodes_cap = cap;

	t->mask = (uint64_t)cap * 2 - 1;
	t->slots = arena_array(a, uint32_t, t->mask + 1);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		uint64_t at = trie_at(t->parents[i], g->nodes[i].info, t->mask);
		while (t->slots[at])
			at = (at + 1) & t->mask;
		t->slots[at] = i + 1;
	}
}

static uint32_t trie_find(const struct graph *g, const struct trie *t, uint32_t parent, uint32_t info)
{
	uint64_t at = trie_at(parent, info, t->mask);
	for (; t->slots[at]; at = (at + 1) & t->mask) {
		uint32_t n = t->slots[at] - 1;
		if (t->parents[n] == parent && g->nodes[n].info == info)
			return n;
	}
	return NO_INDEX;
}

static uint32_t trie_find_or_add(struct graph *g, struct trie *t, uint32_t parent, uint32_t info)
{
	uint32_t n = trie_find(g, t, parent, info);
	if (n != NO_INDEX)
		return n;
	if (g->nnodes == t->nodes_cap)
		trie_grow(g, t);
	n = g->nnodes++;
	g->nodes[n] = (struct node){.info = info};
	t->parents[n] = parent;
	t->inlines[n] = true;
	uint64_t at = trie_at(parent, info, t->mask);
	while (t->slots[at])
		at = (at + 1) & t->mask;
	t->slots[at] = n + 1;
	return n;
}

static void add_value(struct node *n, int64_t w, int64_t dw)
{
	n->cum = wrap_add(n->cum, w);
	n->cum_div = wrap_add(n->cum_div, dw);
}

static void add_sample(struct graph *g, struct trie *t, uint32_t sample, int64_t w, int64_t dw)
{
	const struct frame_table *f = g->frames;
	struct stack stack = profile_stack(g->profile, sample);
	uint32_t at = NO_INDEX;
	for (uint32_t k = stack.n; k-- > 0;) {
		uint32_t n;
		const uint32_t *nodes = frames_nodes(f, stack_loc(stack, k), &n);
		for (uint32_t j = n; j-- > 0;) {
			at = trie_find_or_add(g, t, at, nodes[j]);
			add_value(&g->nodes[at], w, dw);
			t->inlines[at] &= j != n - 1;
		}
	}
	if (at == NO_INDEX)
		return;
	g->nodes[at].flat = wrap_add(g->nodes[at].flat, w);
	g->nodes[at].flat_div = wrap_add(g->nodes[at].flat_div, dw);
}

void calltree_build(struct graph *g)
{
	const struct profile *p = g->profile;
	struct trie *t = g->contexts = arena_new(&g->arena, struct trie);
	trie_grow(g, t);
	for (uint32_t i = 0; i < p->nsamples && !cancelled(); i++) {
		const int64_t *values = profile_values(p, i);
		int64_t w = values[g->options.value_index], dw = g->options.mean ? values[0] : 0;
		if (w != 0 || dw != 0)
			add_sample(g, t, i, w, dw);
	}
	g->edges = arena_array(&g->arena, struct edge, g->nnodes);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		if (t->parents[i] == NO_INDEX)
			continue;
		const struct node *n = &g->nodes[i];
		g->edges[g->nedges++] = (struct edge){.src = t->parents[i], .dst = i,
				.is_inline = t->inlines[i], .weight = n->cum, .weight_div = n->cum_div};
	}
}

uint32_t graph_caller(const struct graph *g, uint32_t node)
{
	if (!g->contexts || g->contexts->parents[node] == NO_INDEX)
		return 0;
	return g->contexts->parents[node] + 1;
}

uint32_t calltree_path(const struct graph *g, uint32_t sample, uint32_t *path)
{
	const struct frame_table *f = g->frames;
	struct stack stack = profile_stack(g->profile, sample);
	uint32_t at = NO_INDEX, n = 0;
	for (uint32_t k = stack.n; k-- > 0;) {
		uint32_t nnodes;
		const uint32_t *nodes = frames_nodes(f, stack_loc(stack, k), &nnodes);
		while (nnodes-- > 0)
			path[n++] = at = trie_find(g, g->contexts, at, nodes[nnodes]);
	}
	return n;
}

void calltree_trim(struct graph *g, const bool *was_selected)
{
	struct arena scratch = {0};
	// The edge into each node; callers come before callees, so an edge's source is already settled
	// when the edge is looked at.
	struct edge **into = arena_array(&scratch, struct edge *, g->nnodes);
	for (uint32_t i = 0; i < g->nedges; i++) {
		struct edge *e = &g->edges[i];
		if (e->removed)
			continue;
		into[e->dst] = e;
		if (!was_selected[e->src] || g->is_selected[e->src])
			continue;
		const struct edge *up = into[e->src];
		if (!up) {
			e->removed = true; // its caller was a root: now it is one
			into[e->dst] = NULL;
			continue;
		}
		e->src = up->src;
		e->residual = true;
		e->is_inline &= up->is_inline;
	}
	for (uint32_t i = 0; i < g->nedges; i++)
		if (was_selected[g->edges[i].dst] && !g->is_selected[g->edges[i].dst])
			g->edges[i].removed = true;
	arena_deinit(&scratch);
	graph_index_edges(g);
}
