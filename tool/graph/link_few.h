// SPDX-License-Identifier: MIT
// Edges between few nodes, as a picture has them. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_LINK_FEW_H
#define CPROF_TOOL_GRAPH_LINK_FEW_H

#include "tool/graph/frames.h"
#include "tool/graph/node_stacks.h"

/**
 * The edges between the nodes that stay in a table for linking, in the order of their nodes; in `a`; none where it was
 * cancelled. False where the nodes are not few, one is hidden, a mean is asked for, or the weights are too large.
 */
bool link_few(const struct graph *g, const struct frame_table *frames, const struct node_stacks *stacks, bool only_to,
		struct arena *a, struct edge_list *list_out);

#endif
