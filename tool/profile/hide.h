// SPDX-License-Identifier: MIT
// What hide, show and show_from (filter.c) take out of a profile: lines, and locations of which none is left; what is
// above a location. To take them out of all stacks is to go through all stacks, so it waits until somebody looks at
// these: what knows the stacks as nodes leaves nodes out instead (tool/graph).
#ifndef CPROF_TOOL_PROFILE_HIDE_H
#define CPROF_TOOL_PROFILE_HIDE_H

#include "tool/profile/profile.h"

struct hidden_places {
	uint8_t *lines;     // [nlines]: not 0: it goes
	uint8_t *locations; // [nlocations]: the same
	bool has_lines, has_locations; // any that goes
	// [nlocations]: not 0: where it is the rootmost such location of a stack, what is rootward of it goes, and
	// anywhere all but so many of its lines; NULL: nothing does.
	uint32_t *root_lines;
};

struct hidden_places *hidden_places_create(const struct profile *p);
void hidden_places_free(struct hidden_places *h);

/** Takes p->hidden out, if there is any, and the samples that have nothing left. */
void profile_hide(struct profile *p);

#endif
