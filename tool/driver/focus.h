// SPDX-License-Identifier: MIT
// The filters of a configuration, applied to a profile, with the warnings of those that met nothing.
#ifndef CPROF_TOOL_DRIVER_FOCUS_H
#define CPROF_TOOL_DRIVER_FOCUS_H

#include "tool/env.h"
#include "tool/profile/filter.h"

#include "config.h"

/** tagroot and tagleaf: labels become frames, so that the filters can see them. */
void focus_add_label_frames(struct arena *a, const struct env *env, const struct config *c,
		struct profile *p);

/**
 * focus, ignore, hide, show, show_from, the tag filters, prune_from. asks_graph: who reads the profile asks a graph of
 * it alone about stacks.
 */
struct err *focus_apply(struct arena *a, const struct env *env, const struct config *c,
		const struct label_units *units, bool asks_graph, struct profile *p);

#endif
