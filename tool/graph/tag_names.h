// SPDX-License-Identifier: MIT
// What the tags of a picture are called: the string labels of a sample together, and its sizes. A profile has a hundred
// label sets for each of these names, so a name is made once. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_TAG_NAMES_H
#define CPROF_TOOL_GRAPH_TAG_NAMES_H

#include "base/hashindex.h"
#include "tool/graph/graph.h"

struct tag_number {
	int64_t value;
	strid name;
};

struct tag_names {
	struct arena *arena;
	struct graph *g;
	strid base; // the key that is not shown
	struct hash_index set_index, number_index;
	strid *joined; // [nlabel_sets]: of those in set_index
	struct tag_number *numbers;
	uint32_t nnumbers, numbers_cap;
};

struct tag_names tag_names_create(struct graph *g, struct arena *a);
void tag_names_deinit(struct tag_names *names);

/** "key:value" of all string labels of a set, sorted; 0 where it has none. */
strid tag_names_join(struct tag_names *names, uint32_t set);

/** A number of bytes as it is shown. */
strid tag_names_number(struct tag_names *names, int64_t value);

#endif
