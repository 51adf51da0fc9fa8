// SPDX-License-Identifier: MIT
// The other way round: which rows of node_stacks.h have a node. A filter, and a report on few nodes, ask for these and
// pass over the rest. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_NODE_ROWS_H
#define CPROF_TOOL_GRAPH_NODE_ROWS_H

#include "tool/graph/node_stacks.h"

// So many rows that a number among them takes two bytes.
enum { NODE_BLOCK_ROWS = 1 << 16 };

struct node_block {
	uint32_t *begin; // [nnodes + 1]
	uint16_t *rows;  // that have node n and share it with no other row: rows[begin[n] .. begin[n + 1])
};

static inline uint32_t node_run_nblocks(const struct node_run *run)
{
	return (run->nrows + NODE_BLOCK_ROWS - 1) / NODE_BLOCK_ROWS;
}

/** Makes the blocks of a run that is there otherwise. */
void node_blocks_create(struct node_run *run, uint32_t nnodes);
void node_blocks_destroy(struct node_run *run);

/** In how many places rows have one of n nodes alone. */
uint64_t node_run_count_alone(const struct node_run *run, const uint32_t *nodes, uint32_t n);

/** Sets marks[row] where a row alone has one of n nodes. */
void node_run_mark_alone(const struct node_run *run, const uint32_t *nodes, uint32_t n, uint8_t *marks);

/** Sets marks[row] where a row shares a node whose byte is not 0 with others. */
void node_run_mark_shared(const struct node_run *run, const uint8_t *is_wanted, uint8_t *marks);

/**
 * Which rows may have a node of their own that is ROLE_WANTED, [nrows], to be freed: all, where these are so many that
 * looking is no shorter.
 */
uint8_t *node_run_rows_to_walk(const struct node_run *run, const uint8_t *node_roles, uint32_t nnodes);

/**
 * The spans of nodes that have a role, in their order, behind one that no row is in; to be freed. *end_out is the last.
 */
const struct node_span **node_run_spans_to_enter(const struct node_run *run, const uint8_t *node_roles,
		const struct node_span ***end_out);

#endif
