// SPDX-License-Identifier: MIT
// What the places of a profile became, kept for later reports: which of their lines, names and
// addresses a granularity keeps, and which nodes these are. It depends on no sample, and no filter
// of names or labels changes it. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_KNOWN_PLACES_H
#define CPROF_TOOL_GRAPH_KNOWN_PLACES_H

#include "tool/graph/graph.h"

enum { KNOWN_GRANULARITIES = 2 };

struct known_place_table {
	struct aggregate_keep keep;
	struct profile *view;   // aggregated; NULL: free
	struct graph *names[2]; // without and with obj_names; NULL until asked for
};

// Only of the first granularities that are asked for: who has borrowed one keeps it as long as it
// likes.
struct known_places {
	const struct profile *base;
	struct known_place_table tables[KNOWN_GRANULARITIES];
};

void known_places_free(struct known_places *known);

/** The names of p's places, if p has borrowed known ones. */
const struct graph *known_names(const struct profile *p, bool obj_names);

#endif
