// SPDX-License-Identifier: MIT
// The edges between few nodes: a cell for each pair of these, in which nothing is looked for. The nodes that most
// stacks have come first, so that most of what is counted lies together and stays in the processor's caches. Private
// to tool/graph.
#ifndef CPROF_TOOL_GRAPH_PAIR_TABLE_H
#define CPROF_TOOL_GRAPH_PAIR_TABLE_H

#include "tool/graph/frames.h"
#include "tool/graph/node_stacks.h"

// The low bits of a cell, under its weight: one load and one store an edge. An edge at hand is a cell's index over such
// bits.
enum { PAIR_RESIDUAL = 1, PAIR_CALLED = 2, PAIR_MET = 4, PAIR_SHIFT = 3 };

struct pair_nodes {
	uint16_t *ids;    // [nnodes]: from 1 on; 0: the node is left out
	uint32_t *nodes;  // [by id]
	uint32_t *sorted; // ids, by their nodes
	bool *is_wanted;  // [by id]
	uint32_t nids;
};

/** Of the nodes that stay in a table for linking, in `a`. False where these are not few. */
bool pair_nodes_find(const struct graph *g, const struct frame_table *frames, struct pair_nodes *nodes_out,
		struct arena *a);

/** [nids * nids], by caller; to be freed. Those of id 0 are of no edge. */
uint64_t *pair_table_create(const struct pair_nodes *nodes);

/** The wanted edges of all tables together, in the order of their nodes, in `a`. The tables are spoilt. */
struct edge_list pair_tables_take(const struct pair_nodes *nodes, uint64_t *const *tables, uint32_t ntables,
		bool only_to, struct arena *a);

/** Whether so many weights, which together have the bits of `size`, do not run over in a cell. */
bool pair_weights_fit(uint64_t size, uint64_t nweights);

static inline void pair_count(uint64_t *cells, uint32_t edge, uint64_t w)
{
	uint64_t *cell = &cells[edge >> PAIR_SHIFT];
	*cell = (*cell + (w << PAIR_SHIFT)) | (edge & ((1 << PAIR_SHIFT) - 1));
}

#endif
