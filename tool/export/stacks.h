// SPDX-License-Identifier: MIT
// The distinct stacks of a profile, as its granularity shows them, with their sums: what flame graph
// programs read. Samples that differ in labels, addresses or lines only come together here.
#ifndef CPROF_TOOL_EXPORT_STACKS_H
#define CPROF_TOOL_EXPORT_STACKS_H

#include "tool/graph/graph.h"

struct stacks {
	struct arena arena;
	struct graph *g; // names of the frames
	uint32_t *samples; // of each stack, the first sample that has it
	uint32_t n;
	int64_t *values; // [n * nsample_types]
	uint32_t *path; // the result of stacks_path
	uint32_t path_cap;
};

void stacks_create(struct profile *p, struct stacks *out);
void stacks_destroy(struct stacks *s);

/** The nodes of a stack, root first; *path_out is valid until the next call. */
uint32_t stacks_path(struct stacks *s, uint32_t stack, const uint32_t **path_out);

#endif
