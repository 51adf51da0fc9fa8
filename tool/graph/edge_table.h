// SPDX-License-Identifier: MIT
// The edges that a pass finds: a hash table of 32-byte cells, one a pair of neighbours. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_EDGE_TABLE_H
#define CPROF_TOOL_GRAPH_EDGE_TABLE_H

#include "tool/graph/graph.h"

struct edge_cell {
	uint64_t key; // edge_key(); 0 is free
	int64_t weight, weight_div;
	uint32_t stamp; // the pass's own
	bool residual, is_inline;
	bool is_used; // something was counted
};

struct edge_table {
	struct edge_cell *cells;
	uint64_t mask;
	uint64_t ncells;
};

struct edge_table edge_table_create(void);
void edge_table_destroy(struct edge_table *t);

/** Counts the cells of another table, too. */
void edge_table_merge(struct edge_table *into, const struct edge_table *from);

/** A cell for a key that has none. It moves the others. */
struct edge_cell *edge_table_add(struct edge_table *t, uint64_t key);

static inline uint64_t edge_key(uint32_t src, uint32_t dst)
{
	return ((uint64_t)src + 1) << 32 | dst;
}

/** Where the search for a key begins. */
static inline uint64_t edge_table_at(const struct edge_table *t, uint64_t key)
{
	uint64_t h = key * 0x9e3779b97f4a7c15u;
	return (h ^ h >> 32) & t->mask;
}

/** The cell of a key, a new one if need be. */
static inline struct edge_cell *edge_table_find(struct edge_table *t, uint64_t key)
{
	uint64_t at = edge_table_at(t, key);
	for (; t->cells[at].key; at = (at + 1) & t->mask)
		if (t->cells[at].key == key)
			return &t->cells[at];
	return edge_table_add(t, key);
}

static inline void edge_cell_count(struct edge_cell *c, bool residual, bool is_inline, int64_t w, int64_t dw)
{
	c->is_used = true;
	c->weight = wrap_add(c->weight, w);
	c->weight_div = wrap_add(c->weight_div, dw);
	c->residual |= residual;
	c->is_inline &= is_inline;
}

#endif
