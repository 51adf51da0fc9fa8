// SPDX-License-Identifier: MIT
// What collects edges, one a thread: links.c feeds it the profile's samples, link_rows.c rows of node_stacks.h. Private
// to tool/graph.
#ifndef CPROF_TOOL_GRAPH_LINKER_H
#define CPROF_TOOL_GRAPH_LINKER_H

#include "tool/graph/edge_trail.h"
#include "tool/graph/frames.h"
#include "tool/graph/node_stacks.h"

// So many edges wait for their cells to come from memory.
enum { LINKER_WAITING = 64 };

// A node that stays, or is hidden, and that rows to come share (node_stacks.h), with the edge into it.
struct step {
	const struct node_span *span;
	uint32_t parent, place, outermost; // of the walk that goes on from here
	bool repeats, has_begun;
	uint64_t key;   // 0: none, or it is nearer to the root as well
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
	struct edge_trail trail; // of the path and the stack at hand
	uint32_t ncounted;       // of the trail
	uint32_t *seen;          // [nnodes]: 1 + the last sample a node was met in; of samples as they are
	struct step *path;       // [run's max_depth]
	uint32_t npath;
	uint32_t nrows; // counted so far,
	int64_t w, dw;  // and what they weigh
};

// Where the walk from the root to the leaf of one sample stands.
struct walk {
	uint32_t parent; // with FRAMES_WANTED; FRAMES_NONE at first
	uint32_t place;  // of the last frame that stayed; of rows: or of the last of the hidden ones next to it
	uint32_t outermost; // of rows: who is inlined at this depth is so into hidden ones alone, and thus is not
	bool residual;   // something was left out since the parent
	bool repeats;    // the parent stands nearer to the root, too
	bool has_begun;  // of rows: where stacks begin at roots (struct graph) it has come to one
	uint32_t stamp;  // 1 + the samples before it
	int64_t w, dw;
};

/** Counts the edges that wait. */
void linker_count(struct linker *l, const struct walk *walk);

/** Takes rows of the linker's run. */
void linker_take_rows(struct linker *l, struct sample_range range);

static inline bool linker_stops(const struct linker *l)
{
	return atomic_load_explicit(l->stop, memory_order_relaxed) || l->table.ncells > l->max_edges;
}

// A step to a node that stays, where the walk stands then. The key of the edge to it; 0: there is none, as from a node
// to itself, it is not wanted, or the stack has it already.
static inline uint64_t linker_step(struct linker *l, struct walk *walk, uint32_t node, bool is_inline, bool repeats)
{
	uint32_t src = walk->parent & ~FRAMES_WANTED, dst = node & ~FRAMES_WANTED;
	bool is_edge = src != FRAMES_NONE && src != dst && (walk->parent | node) & FRAMES_WANTED;
	uint64_t key = edge_key(src, dst) | (walk->residual ? EDGE_RESIDUAL : 0) | (is_inline ? 0 : EDGE_CALLED);
	bool may_be_known = walk->repeats && repeats;
	walk->parent = node & l->parent_bits;
	walk->repeats = repeats;
	walk->residual = false;
	return is_edge && !(may_be_known && edge_trail_has(&l->trail, key)) ? key : 0;
}

static inline void linker_wait(struct linker *l, const struct walk *walk, uint64_t key)
{
	if (!key)
		return;
	if (l->trail.n - l->ncounted == LINKER_WAITING)
		linker_count(l, walk);
	__builtin_prefetch(&l->table.cells[edge_table_at(&l->table, key)], 1);
	edge_trail_add(&l->trail, key);
}

#endif
