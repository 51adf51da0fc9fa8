// SPDX-License-Identifier: MIT
// The steps graph.c and trim.c are made of. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_PASSES_H
#define CPROF_TOOL_GRAPH_PASSES_H

#include "tool/graph/graph.h"
#include "tool/graph/node_stacks.h"

/** A graph of names alone, without nodes. */
struct graph *graph_with_frames(struct profile *p, const struct graph_options *options);
/** Makes a node of each info. */
void nodes_of_infos(struct graph *g);
/** Does so and adds up the samples. False where that takes the profile's own stacks, with profile_hide(). */
bool tally_nodes(struct graph *g);
bool tally_stacks(struct graph *g, const struct node_stacks *stacks);
/** Adds to `flats` what stacks with a hidden leaf weigh. */
void sum_hidden_leaves(const struct graph *g, const struct node_stacks *stacks, uint32_t value_index, uint64_t *flats);
/**
 * Adds up a value of the samples kept, where stacks begin at roots; into flats and cums, [nnodes]. False where
 * something is cut off in the midst of a stack.
 */
bool sum_from_roots(const struct graph *g, const struct node_stacks *stacks, uint32_t value_index, uint64_t *flats,
		uint64_t *cums);
/** Makes a node of each context. */
void calltree_build(struct graph *g);
void calltree_free(struct graph *g);
/** The nodes of a sample's stack in a call tree, root first; into `path`, which has room for all. */
uint32_t calltree_path(const struct graph *g, uint32_t sample, uint32_t *path);
/** Makes the edges: connects what stays of the nodes that were selected to its nearest ancestor that stays. */
void calltree_link(struct graph *g, const bool *was_selected);
/** Does so once more, once nodes went from `selected`. */
void calltree_trim(struct graph *g, const bool *was_selected);

/** Selects the nodes that are not zero (nor below, where these are to be dropped). */
void select_nodes(struct graph *g);

/** Fills in, out and their bounds from edges; removed edges are left out. */
void graph_index_edges(struct graph *g);

#endif
