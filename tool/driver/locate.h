// SPDX-License-Identifier: MIT
// Finding on this machine the binaries a profile names (PPROF_BINARY_PATH), and putting the user's own
// binary or build id in their place.
#ifndef CPROF_TOOL_DRIVER_LOCATE_H
#define CPROF_TOOL_DRIVER_LOCATE_H

#include "tool/profile/profile.h"

#include "request.h"

/** Changes the mappings of p; gives it one where it has none. */
void locate_binaries(struct arena *a, const struct env *env, const struct request *r,
		struct profile *p);

/** PPROF_BINARY_PATH, or its default below the home directory. */
const char *binary_search_path(struct arena *a, const struct env *env);

#endif
