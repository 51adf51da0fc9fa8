// SPDX-License-Identifier: MIT
// The edges of the stack at hand, each once: a stack adds its value once to an edge, however often it goes that way.
// Whether it did is asked of a recursion alone, so only then a set is made of them. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_EDGE_TRAIL_H
#define CPROF_TOOL_GRAPH_EDGE_TRAIL_H

#include "base/mem.h"
#include "tool/graph/edge_table.h"

struct edge_trail {
	uint64_t *keys; // of edge_table.h, root first
	uint32_t n, cap;
	uint64_t *set; // the nodes of the first nset keys, hashed; 0 is free
	uint32_t nset, set_cap;
};

void edge_trail_destroy(struct edge_trail *t);

bool edge_trail_has(struct edge_trail *t, uint64_t key);

/** Leaves the first n. */
void edge_trail_cut(struct edge_trail *t, uint32_t n);

static inline void edge_trail_add(struct edge_trail *t, uint64_t key)
{
	if (t->n == t->cap)
		t->keys = mem_grow(t->keys, &t->cap, t->n + 1, sizeof(*t->keys));
	t->keys[t->n++] = key;
}

#endif
