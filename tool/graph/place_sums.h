// SPDX-License-Identifier: MIT
// What the samples have at each location, however often a stack goes through it: what a listing of source and
// assembly is made of. Called by tool/report.
#ifndef CPROF_TOOL_GRAPH_PLACE_SUMS_H
#define CPROF_TOOL_GRAPH_PLACE_SUMS_H

#include "tool/graph/graph.h"

struct place_sum {
	uint32_t location;
	uint32_t order; // of appearance in the samples: 1, 2, ...
	int64_t flat, cum;
};

/**
 * A sum for each location that a sample has, in `a`. `mean`: of each sample's value divided by its value 0.
 */
struct place_sum *graph_sum_places(struct profile *p, uint32_t value_index, bool mean, struct arena *a,
		uint32_t *n_out);

#endif
