// SPDX-License-Identifier: MIT
// The edges that a pass finds: a hash table of 16-byte cells, one a pair of neighbours. What makes a pass slow is that
// its cells do not fit into the processor's caches, so a cell has nothing in it that can be elsewhere: which edges the
// stack at hand has had is in an edge_trail. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_EDGE_TABLE_H
#define CPROF_TOOL_GRAPH_EDGE_TABLE_H

#include "tool/graph/graph.h"

// A key is the two nodes, and bits of what was met: nodes between them that were left out; a call that was not inlined.
#define EDGE_RESIDUAL (1ull << 63)
#define EDGE_CALLED (1ull << 62)
#define EDGE_NODES ((1ull << 60) - 1)

struct edge_cell {
	uint64_t key; // 0 is free
	int64_t weight;
};

struct edge_table {
	struct edge_cell *cells;
	int64_t *divs; // the cells' weight_div; NULL where no mean is asked for
	uint64_t mask;
	uint64_t ncells;
};

struct edge_table edge_table_create(bool mean);
void edge_table_destroy(struct edge_table *t);

/** Counts the cells of another table, too. */
void edge_table_merge(struct edge_table *into, const struct edge_table *from);

/** Where the cell of nodes that have none is now. It moves the others. */
uint64_t edge_table_add(struct edge_table *t, uint64_t nodes);

static inline uint64_t edge_key(uint32_t src, uint32_t dst)
{
	return ((uint64_t)src + 1) << 30 | dst;
}

/** Where the search for a key begins. */
static inline uint64_t edge_table_at(const struct edge_table *t, uint64_t key)
{
	uint64_t h = (key & EDGE_NODES) * 0x9e3779b97f4a7c15u;
	return (h ^ h >> 32) & t->mask;
}

static inline void edge_table_count(struct edge_table *t, uint64_t key, int64_t w, int64_t dw)
{
	uint64_t at = edge_table_at(t, key);
	while (t->cells[at].key && (t->cells[at].key ^ key) & EDGE_NODES)
		at = (at + 1) & t->mask;
	if (!t->cells[at].key)
		at = edge_table_add(t, key & EDGE_NODES);
	struct edge_cell *c = &t->cells[at];
	c->key |= key;
	c->weight = wrap_add(c->weight, w);
	if (t->divs)
		t->divs[at] = wrap_add(t->divs[at], dw);
}

#endif
