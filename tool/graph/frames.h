// SPDX-License-Identifier: MIT
// Which nodes a location stands for, as the passes over the samples want it: one load for most
// locations. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_FRAMES_H
#define CPROF_TOOL_GRAPH_FRAMES_H

#include "tool/graph/graph.h"

// A location's code is the node of its only line; or FRAMES_SEVERAL plus an index into lists.
#define FRAMES_SEVERAL 0x80000000u
// In a table for linking: a bit of a node whose edges are wanted. A node that is left out.
#define FRAMES_WANTED 0x40000000u
#define FRAMES_NONE 0x3fffffffu

// What a location or a node is to the collector of edges: bits. Of nodes alone: it is hidden, of no other role then; a
// stack may begin at it.
enum frame_role { ROLE_STAYS = 1, ROLE_WANTED = 2, ROLE_HIDDEN = 4, ROLE_ROOT = 8 };

struct frame_table {
	uint32_t *codes;   // [nlocations]
	uint32_t *lists;   // how many lines; their nodes, innermost first
	uint8_t *has_node; // [nlocations]; NULL: all have one. Of graph_options.named, other lines are FRAMES_NONE
	uint32_t nlists;   // length of lists
	bool *may_inline;  // [ninfos]: occurs as an inlined line somewhere
	// Only in a table for linking:
	uint8_t *roles;      // [nlocations]: of any of its nodes
	uint8_t *node_roles; // [nnodes]
};

// How many codes a pass fetches before it looks at them: fetching alone, without a branch to mispredict, the
// processor has many of these loads under way at once.
enum { FRAMES_BATCH = 64 };

/**
 * The codes of n <= FRAMES_BATCH locations of a stack: of those at `places`, or (NULL) of the first. On their way are
 * the lists these point to.
 */
static inline void frames_fetch(const struct frame_table *f, struct stack stack, const uint32_t *places, uint32_t n,
		uint32_t codes_out[FRAMES_BATCH])
{
	for (uint32_t k = 0; k < n; k++) {
		uint32_t code = f->codes[stack_loc(stack, places ? places[k] : k)];
		codes_out[k] = code;
		__builtin_prefetch(f->lists + (code & FRAMES_SEVERAL ? code & ~FRAMES_SEVERAL : 0));
	}
}

/** The nodes of a location's lines, innermost first. */
static inline const uint32_t *frames_nodes(const struct frame_table *f, uint32_t location, uint32_t *n_out)
{
	const uint32_t *code = &f->codes[location];
	const uint32_t *list = f->lists + (*code & FRAMES_SEVERAL ? *code & ~FRAMES_SEVERAL : 0);
	*n_out = *code & FRAMES_SEVERAL ? list[0] : 1;
	return *code & FRAMES_SEVERAL ? list + 1 : code;
}

/** Fills infos and frames of g. */
void frames_create(struct graph *g);

/**
 * Fills nodes_out, [nnodes]: which stand for locations with the flag (`flags`: of all locations), and for no other.
 * False where a location with it has none of these.
 */
bool frames_find(const struct frame_table *f, uint32_t nlocations, const uint8_t *flags, uint8_t flag, uint32_t nnodes,
		uint8_t *nodes_out);

/**
 * Marks the nodes of g that its profile hides, or stacks begin at (hide.h). False where a node is hidden in some
 * places, and shown in others.
 */
bool frames_hide(struct graph *g);

/**
 * A copy of g's table, in `a`, for collecting edges. only_selected: other nodes are FRAMES_NONE. wanted
 * ([nnodes]; NULL: all): whose edges are to be collected.
 */
struct frame_table frames_to_link(const struct graph *g, struct arena *a, bool only_selected, const bool *wanted);

#endif
