// SPDX-License-Identifier: MIT
// What is mapped where in one process: ranges that do not overlap, in a tree balanced by height. A later range hides
// what it overlaps. Processes share the parts they have in common, so that a fork costs nothing and what parent and
// child map afterwards a few nodes each. Private to tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_ADDRESS_SPACE_H
#define CPROF_TOOL_PERFDATA_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct address_range;
struct address_node;

/** Where the nodes of all spaces come from. A zeroed one is empty but for its arena. */
struct address_nodes {
	struct arena *arena;
	struct address_node *spare;
	uint32_t n; // in use
};

/** Adds a range to the space of that root, NULL being the empty one. False where there are too many of them; start is
 *  below limit. */
bool address_space_map(struct address_nodes *nodes, struct address_node **root, uint64_t start, uint64_t limit,
		struct address_range *range);

/** The same space once more. */
struct address_node *address_space_share(struct address_node *root);
void address_space_drop(struct address_nodes *nodes, struct address_node *root);

/** NULL: nothing is mapped there. */
struct address_range *address_space_find(const struct address_node *root, uint64_t address);

#endif
