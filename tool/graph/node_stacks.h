// SPDX-License-Identifier: MIT
// All stacks of a profile as nodes, sorted from the root on, so that neighbours have most of their callers in common.
// A stack is a row: only the nodes towards its leaf that no other row shares, of a million stacks of forty frames
// fifteen or so each, and a pass finds these one behind the other. What rows share is a span of rows, and gets at
// once what all of them weigh.
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
	uint32_t depth;  // how many there are nearer to the root: spans
	uint32_t leaf;   // NODE_INDEX: the stack is empty
};

// Rows that share a node. One inside another is nearer to the leaf.
struct node_span {
	uint32_t entry; // the node with its bits
	uint32_t begin, end;
	uint32_t depth; // nodes nearer to the root
};

// The rows of one thread. Behind the last is one that only ends it.
struct node_run {
	struct node_row *rows;
	uint32_t nrows;
	uint32_t *nodes;
	size_t nodes_cap;
	struct node_span *spans; // by their ends, those inside others first
	uint32_t nspans, spans_cap;
	int64_t *values; // [nrows * nsample_types]: the samples', for these lie in the order of the file
	struct node_block *blocks; // the way back from the nodes: node_rows.h
	uint32_t max_depth;
};

// Of every node; they wrap, as Go's do.
struct node_sums {
	uint64_t *flats, *cums;
};

struct edge_list {
	struct edge *edges;
	uint32_t n;
};

// Between all nodes, of all samples: what is asked of a few nodes is chosen from these.
struct node_edges {
	uint32_t value_index;
	bool mean;
	struct edge_list list; // edges NULL: there are too many
};

struct node_stacks {
	struct arena arena; // the totals, the edges
	const struct profile *profile;
	struct node_run runs[PARALLEL_MAX];
	uint32_t nruns;
	uint32_t nnodes;
	struct node_sums *totals; // [nsample_types]: of all samples
	struct node_edges edges;
};

/**
 * NULL where they would take more room than the profile's own stacks, because so much is inlined or there are so
 * many nodes, and where *stop became true.
 */
struct node_stacks *node_stacks_create(const struct profile *p, const struct frame_table *frames, uint32_t nnodes,
		const atomic_bool *stop);
void node_stacks_destroy(struct node_stacks *s);

/** Collects the edges of a value. */
void node_stacks_link(struct node_stacks *s, uint32_t value_index, bool mean, const atomic_bool *stop);

/** Adds up a value of the samples whose byte in `kept` (NULL: they all have it) is `which`. */
struct node_sums node_stacks_sum(const struct node_stacks *s, uint32_t value_index, const uint8_t *kept, bool which,
		struct arena *a, const atomic_bool *stop);

// How many rows ahead it is looked up whether they are kept: down as up.
enum { NODE_ROWS_UP = 16, NODE_ROWS_DOWN = -NODE_ROWS_UP };

/**
 * All ones where the row's byte in `kept` (NULL: they all have it) is `which`, else 0. No branch to mispredict.
 * `ahead` is where the pass goes.
 */
static inline int64_t node_run_mask(const struct node_run *run, uint32_t row, const uint8_t *kept, bool which,
		int ahead)
{
	if (!kept)
		return -1;
	if (row + (uint32_t)ahead < run->nrows)
		__builtin_prefetch(&kept[run->rows[row + (uint32_t)ahead].sample]);
	return -(int64_t)(!kept[run->rows[row].sample] != which);
}

#endif
