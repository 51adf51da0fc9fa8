// SPDX-License-Identifier: MIT
// Samples sorted by their stacks, root first. Private to tool/graph.
#ifndef CPROF_TOOL_GRAPH_STACK_SORT_H
#define CPROF_TOOL_GRAPH_STACK_SORT_H

#include <stdatomic.h>

#include "tool/profile/parallel.h"

/** The samples of a range, to be freed. In no order once *stop is true. */
uint32_t *stack_sort(const struct profile *p, struct sample_range range, const atomic_bool *stop);

/** How many frames, from the root on, the stacks of two samples have in common. */
uint32_t stack_shared(const struct profile *p, uint32_t a, uint32_t b);

#endif
