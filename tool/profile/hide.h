// SPDX-License-Identifier: MIT
// What hide and show (filter.c) take out of a profile: lines, and locations of which none is left. To take them out
// of all stacks is to write all stacks anew, so it waits until somebody looks at these: what knows the stacks as nodes
// leaves nodes out instead (tool/graph).
#ifndef CPROF_TOOL_PROFILE_HIDE_H
#define CPROF_TOOL_PROFILE_HIDE_H

#include "tool/profile/profile.h"

struct hidden_places {
	uint8_t *lines;     // [nlines]: not 0: it goes
	uint8_t *locations; // [nlocations]: the same
	bool has_lines, has_locations; // any that goes
};

struct hidden_places *hidden_places_create(const struct profile *p);
void hidden_places_free(struct hidden_places *h);

/** Takes p->hidden out, if there is any, and the samples that have nothing left. */
void profile_hide(struct profile *p);

#endif
