// SPDX-License-Identifier: MIT
// Which nodes a location stands for, as the passes over the samples want it: one load for most
// locations. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_FRAMES_H
#define CPROF_TOOL_GRAPH_FRAMES_H

#include "tool/graph/graph.h"

// A location's code is the node of its only line; or FRAMES_SEVERAL plus an index into lists.
#define FRAMES_SEVERAL 0x80000000u
// A bit of a node in the tables below: edges to it are not wanted.
#define FRAMES_UNLINKED 0x40000000u
#define FRAMES_NONE 0x3fffffffu // a node that is left out

struct frame_table {
	uint32_t *codes;   // [nlocations]
	uint32_t *lists;   // how many lines; their nodes, innermost first
	uint32_t nlists;   // length of lists
	bool *may_inline;  // [ninfos]: occurs as an inlined line somewhere
};

/** Fills infos and frames of g. */
void frames_create(struct graph *g);

/**
 * A copy of g's table, in `a`, for collecting edges. only_selected: other nodes are FRAMES_NONE; only_inlined:
 * nodes never inlined are FRAMES_UNLINKED.
 */
struct frame_table frames_to_link(const struct graph *g, struct arena *a, bool only_selected,
		bool only_inlined);

#endif
