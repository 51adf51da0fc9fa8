// SPDX-License-Identifier: MIT
// A pass over the samples by all processors: each takes a range with about as many frames as the
// others' and its own state; the caller adds the states up. For tool/profile and tool/graph.
#ifndef CPROF_TOOL_PROFILE_PARALLEL_H
#define CPROF_TOOL_PROFILE_PARALLEL_H

#include "tool/profile/profile.h"

enum { PARALLEL_MAX = 8 };

struct sample_range {
	uint32_t begin, end;
};

/** Cuts the samples into ranges, one a thread; returns how many. Small profiles are one range. */
uint32_t parallel_ranges(const struct profile *p, struct sample_range ranges[PARALLEL_MAX]);

/** Calls work(states + i * state_size, ranges[i]) for each range, at once; returns when all are done. */
void parallel_run(const struct sample_range *ranges, uint32_t n, void *states, size_t state_size,
		void (*work)(void *state, struct sample_range range));

#endif
