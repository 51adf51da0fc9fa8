// SPDX-License-Identifier: MIT
// The graph of -call_tree: a node a context, so every node has at most one caller. Built as a trie over
// the stacks; serial, for nobody draws a million contexts.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/mem.h"
#include "tool/graph/frames.h"

enum { FIRST_NODES = 1024 };

// Hash over (caller, info) -> node. A large profile has more contexts than samples, so the nodes are pages of their
// own, which grow without a copy.
struct trie {
	uint32_t *slots; // node + 1
	uint64_t mask;
	uint32_t nodes_cap;
};

static uint64_t trie_at(const struct trie *t, uint32_t caller, uint32_t info)
{
	uint64_t h = ((uint64_t)caller << 32 | info) * 0x9e3779b97f4a7c15u;
	return (h ^ h >> 32) & t->mask;
}

static void put_slot(const struct graph *g, uint32_t node)
{
	struct trie *t = g->contexts;
	uint64_t at = trie_at(t, g->nodes[node].caller, g->nodes[node].info);
	while (t->slots[at])
		at = (at + 1) & t->mask;
	t->slots[at] = node + 1;
}

static void trie_grow(struct graph *g)
{
	struct trie *t = g->contexts;
	size_t old = t->nodes_cap, cap = old ? old * 2 : FIRST_NODES, size = sizeof(struct node);
	struct node *nodes = pages_grow(g->nodes, old * size, cap * size);
	if (!nodes || cap > UINT32_MAX / 2)
		mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	g->nodes = nodes;
	t->nodes_cap = (uint32_t)cap;
	free(t->slots);
	t->slots = mem_zeroed(cap * 2, sizeof(*t->slots));
	t->mask = cap * 2 - 1;
	for (uint32_t i = 0; i < g->nnodes; i++)
		put_slot(g, i);
}

void calltree_free(struct graph *g)
{
	if (!g->contexts)
		return;
	pages_free(g->nodes, g->contexts->nodes_cap * sizeof(*g->nodes));
	free(g->contexts->slots);
}

// `caller` and the result are nodes plus 1.
static uint32_t trie_find(const struct graph *g, uint32_t caller, uint32_t info)
{
	const struct trie *t = g->contexts;
	uint64_t at = trie_at(t, caller, info);
	for (; t->slots[at]; at = (at + 1) & t->mask) {
		const struct node *n = &g->nodes[t->slots[at] - 1];
		if (n->caller == caller && n->info == info)
			return t->slots[at];
	}
	return 0;
}

static uint32_t trie_find_or_add(struct graph *g, uint32_t caller, uint32_t info)
{
	uint32_t n = trie_find(g, caller, info);
	if (n)
		return n;
	if (g->nnodes == g->contexts->nodes_cap)
		trie_grow(g);
	n = g->nnodes++;
	g->nodes[n] = (struct node){.info = info, .caller = caller & INT32_MAX, .is_inline = true};
	put_slot(g, n);
	return n + 1;
}

static void add_value(struct node *n, int64_t w, int64_t dw)
{
	n->cum = wrap_add(n->cum, w);
	n->cum_div = wrap_add(n->cum_div, dw);
}

static void add_sample(struct graph *g, uint32_t sample, int64_t w, int64_t dw)
{
	struct stack stack = profile_stack(g->profile, sample);
	uint32_t at = 0;
	for (uint32_t k = stack.n; k-- > 0;) {
		uint32_t n;
		const uint32_t *nodes = frames_nodes(g->frames, stack_loc(stack, k), &n);
		for (uint32_t j = n; j-- > 0;) {
			at = trie_find_or_add(g, at, nodes[j]);
			add_value(&g->nodes[at - 1], w, dw);
			g->nodes[at - 1].is_inline &= j != n - 1;
		}
	}
	if (!at)
		return;
	struct node *leaf = &g->nodes[at - 1];
	leaf->flat = wrap_add(leaf->flat, w);
	leaf->flat_div = wrap_add(leaf->flat_div, dw);
}

void calltree_build(struct graph *g)
{
	const struct profile *p = g->profile;
	g->contexts = arena_new(&g->arena, struct trie);
	trie_grow(g);
	for (uint32_t i = 0; i < p->nsamples && !cancelled(); i++) {
		const int64_t *values = profile_values(p, i);
		int64_t w = values[g->options.value_index], dw = g->options.mean ? values[0] : 0;
		if (w != 0 || dw != 0)
			add_sample(g, i, w, dw);
	}
}

uint32_t graph_caller(const struct graph *g, uint32_t node)
{
	return g->nodes[node].caller;
}

uint32_t calltree_path(const struct graph *g, uint32_t sample, uint32_t *path)
{
	struct stack stack = profile_stack(g->profile, sample);
	uint32_t at = 0, n = 0;
	for (uint32_t k = stack.n; k-- > 0;) {
		uint32_t nnodes;
		const uint32_t *nodes = frames_nodes(g->frames, stack_loc(stack, k), &nnodes);
		while (nnodes-- > 0) {
			at = trie_find(g, at, nodes[nnodes]);
			path[n++] = at - 1;
		}
	}
	return n;
}

// Where the edge into a node comes from, once nodes between were left out.
struct origin {
	uint32_t src; // plus 1; 0: there is none
	bool residual, is_inline;
};

static struct origin origin_of(const struct graph *g, const struct origin *origins, uint32_t node,
		const bool *was_selected)
{
	const struct node *n = &g->nodes[node];
	struct origin o = {n->caller, false, n->is_inline};
	if (!o.src || !was_selected[o.src - 1] || g->is_selected[o.src - 1])
		return o;
	const struct origin *up = &origins[o.src - 1]; // callers come before callees: it is settled
	return (struct origin){up->src, true, o.is_inline && up->is_inline};
}

void calltree_link(struct graph *g, const bool *was_selected)
{
	struct arena scratch = {0};
	struct origin *origins = arena_array(&scratch, struct origin, g->nnodes);
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->nnodes; i++) {
		origins[i] = origin_of(g, origins, i, was_selected);
		n += origins[i].src && (g->is_selected[i] || !was_selected[i]);
	}
	g->edges = arena_array(&g->arena, struct edge, n);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		const struct origin *o = &origins[i];
		if (o->src && (g->is_selected[i] || !was_selected[i]))
			g->edges[g->nedges++] = (struct edge){.src = o->src - 1, .dst = i, .residual = o->residual,
					.is_inline = o->is_inline, .weight = g->nodes[i].cum,
					.weight_div = g->nodes[i].cum_div};
	}
	arena_deinit(&scratch);
	graph_index_edges(g);
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
