// SPDX-License-Identifier: MIT
// What collects edges, one a thread: links.c feeds it the profile's samples, link_rows.c rows of node_stacks.h. Private
// to tool/graph.
#ifndef CPROF_TOOL_GRAPH_LINKER_H
#define CPROF_TOOL_GRAPH_LINKER_H

#include "tool/graph/edge_table.h"
#include "tool/graph/frames.h"
#include "tool/graph/node_stacks.h"

enum { HOPS = 64, ON_PATH = UINT32_MAX };

// A pair of neighbours, waiting for its cell to come from memory.
struct hop {
	uint64_t key; // 0: none
	bool residual, is_inline;
};

// A node that stays and that rows to come share (node_stacks.h), with the edge into it.
struct step {
	uint32_t node;
	const struct node_span *span;
	struct hop hop; // none, too, where the edge is nearer to the root as well
	uint32_t nrows; // that were counted before it,
	int64_t w, dw;  // and what these weigh
};

struct linker {
	_Alignas(64) const struct graph *g; // no other linker writes into its cache lines
	const struct frame_table *frames;
	const struct profile *profile;
	const atomic_bool *stop;
	uint64_t max_edges;         // where there are more, it gives up
	uint32_t parent_bits;       // without FRAMES_WANTED where edges from wanted nodes are not wanted
	const struct node_run *run; // of the profile's stacks as nodes; NULL: its samples as they are
	struct edge_table table;
	struct hop hops[HOPS];
	uint32_t nhops;
	struct step *path; // [run's max_depth]
	uint32_t npath;
	uint32_t nrows; // counted so far,
	int64_t w, dw;  // and what they weigh
};

// Where the walk from the root to the leaf of one sample stands.
struct walk {
	uint32_t parent; // with FRAMES_WANTED; FRAMES_NONE at first
	uint32_t place;  // of the last frame that stayed
	bool residual;   // something was left out since the parent
	uint32_t stamp;  // 1 + the samples before it
	int64_t w, dw;
};

/** Counts the pairs that wait. */
void linker_take_hops(struct linker *l, const struct walk *walk);

/** Takes rows of the linker's run. */
void linker_take_rows(struct linker *l, struct sample_range range);

static inline bool linker_stops(const struct linker *l)
{
	return atomic_load_explicit(l->stop, memory_order_relaxed) || l->table.ncells > l->max_edges;
}

// The edge from the parent to a node; none from a node to itself.
static inline struct hop linker_hop(const struct walk *walk, uint32_t node, bool is_inline)
{
	uint32_t src = walk->parent & ~FRAMES_WANTED, dst = node & ~FRAMES_WANTED;
	bool is_edge = src != FRAMES_NONE && src != dst && (walk->parent | node) & FRAMES_WANTED;
	uint64_t key = edge_key(src, dst);
	return (struct hop){is_edge ? key : 0, walk->residual, is_inline};
}

static inline void linker_step(struct linker *l, struct walk *walk, uint32_t node, bool is_inline)
{
	if (node == FRAMES_NONE) {
		walk->residual = true;
		return;
	}
	struct hop hop = linker_hop(walk, node, is_inline);
	if (hop.key) {
		if (l->nhops == HOPS)
			linker_take_hops(l, walk);
		__builtin_prefetch(&l->table.cells[edge_table_at(&l->table, hop.key)], 1);
		l->hops[l->nhops++] = hop;
	}
	walk->parent = node & l->parent_bits;
	walk->residual = false;
}

#endif
