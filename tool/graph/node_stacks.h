// SPDX-License-Identifier: MIT
// All stacks of a profile as nodes, sorted from the root on, so that neighbours have most of their callers in common:
// each stack is only what differs from the one before. A million stacks of forty frames differ in sixteen or so, and a
// pass finds these in a row. What a stack shares with the next one gets at once what all who share it weigh: for the
// nodes' sums these rows are written down, for edges it stays on a path of the pass until they are through.
//
// It costs more to make than a pass over the samples does: pass_cache.c has it made while nobody waits. Private to
// tool/graph.
#ifndef CPROF_TOOL_GRAPH_NODE_STACKS_H
#define CPROF_TOOL_GRAPH_NODE_STACKS_H

#include <stdatomic.h>

#include "tool/graph/frames.h"
#include "tool/profile/parallel.h"

// Bits of a node on a stack: it stands nearer to the root, too; it is inlined into the one before.
#define NODE_REPEATS 0x80000000u
#define NODE_INLINED 0x40000000u
#define NODE_INDEX 0x3fffffffu

struct node_row {
	uint32_t sample;
	uint32_t begin;  // its own nodes, root first, are nodes[begin .. begin of the next row)
	uint32_t shared; // nodes, from the root on, that the row before has, too
	uint32_t leaf;   // NODE_INDEX: the stack is empty
};

/** Where its nodes begin that no other row shares. */
static inline uint32_t node_row_tail(const struct node_row *row)
{
	return row->begin + (row[1].shared > row->shared ? row[1].shared - row->shared : 0);
}

// Rows that share a node.
struct node_span {
	uint32_t node;
	uint32_t begin, end;
};

// The rows of one thread. Behind the last is one that only ends it.
struct node_run {
	struct node_row *rows;
	uint32_t nrows;
	uint32_t *nodes;
	size_t nodes_cap;
	struct node_span *spans; // of all nodes that rows share, but for those that repeat
	uint32_t nspans, spans_cap;
	int64_t *values; // [nrows * nsample_types]: the samples', for these lie in the order of the file
	struct node_block *blocks; // the way back from the nodes: node_rows.h
	uint32_t max_depth;
};

// Of every node; they wrap, as Go's do.
struct node_sums {
	uint64_t *flats, *cums;
};

struct node_stacks {
	struct arena arena; // the totals
	const struct profile *profile;
	struct node_run runs[PARALLEL_MAX];
	uint32_t nruns;
	uint32_t nnodes;
	struct node_sums *totals; // [nsample_types]: of all samples
};

/**
 * NULL where they would take more room than the profile's own stacks, because so much is inlined, and where *stop
 * became true.
 */
struct node_stacks *node_stacks_create(const struct profile *p, const struct frame_table *frames, uint32_t nnodes,
		const atomic_bool *stop);
void node_stacks_destroy(struct node_stacks *s);

/** Adds up a value of the samples whose byte in `kept` (NULL: they all have it) is `which`. */
struct node_sums node_stacks_sum(const struct node_stacks *s, uint32_t value_index, const uint8_t *kept, bool which,
		struct arena *a, const atomic_bool *stop);

// How many rows ahead it is looked up whether they are kept.
enum { NODE_ROWS_AHEAD = 16 };

/** All ones where the row's byte in `kept` (NULL: they all have it) is `which`, else 0. No branch to mispredict. */
static inline int64_t node_run_mask(const struct node_run *run, uint32_t row, const uint8_t *kept, bool which)
{
	if (!kept)
		return -1;
	if (row + NODE_ROWS_AHEAD < run->nrows)
		__builtin_prefetch(&kept[run->rows[row + NODE_ROWS_AHEAD].sample]);
	return -(int64_t)(!kept[run->rows[row].sample] != which);
}

#endif
