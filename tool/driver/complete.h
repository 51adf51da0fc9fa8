// SPDX-License-Identifier: MIT
// What the last word of an unfinished shell line may become: commands, options, their values, functions.
#ifndef CPROF_TOOL_DRIVER_COMPLETE_H
#define CPROF_TOOL_DRIVER_COMPLETE_H

#include "base/arena.h"
#include "tool/profile/profile.h"

struct completions {
	char **items; // sorted; each replaces the line from `begin` on
	size_t n;
	size_t begin;
};

/** All in `a`. Names of functions and sample types are those of the profile. */
struct completions complete(struct arena *a, const struct profile *p, const char *line);

/** How many leading bytes all items share. */
size_t completions_common(const struct completions *c);

#endif
