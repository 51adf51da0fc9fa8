// SPDX-License-Identifier: MIT
// Forgetting what a granularity does not show: -functions drops lines and addresses, -files names, ...
// Locations stay separate entries; the graph sees equal ones as one node.
#ifndef CPROF_TOOL_PROFILE_AGGREGATE_H
#define CPROF_TOOL_PROFILE_AGGREGATE_H

#include "tool/profile/profile.h"

struct aggregate_keep {
	bool inline_frames, function, filename, line, column, address;
};

/** Clears what is not kept (also of the mappings' has_* flags). */
void profile_aggregate(struct profile *p, struct aggregate_keep keep);

#endif
