// SPDX-License-Identifier: MIT
// From the sources of a request to one profile, ready for reports: fetched from files and servers, many
// at a time, merged, the base taken off, symbolized, pruned, and saved where it came from afar.
#ifndef CPROF_TOOL_DRIVER_FETCH_H
#define CPROF_TOOL_DRIVER_FETCH_H

#include "tool/binutils/object_tools.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/symbolizer.h"

#include "request.h"

/** Several profiles as one, and what is known of where they came from. */
struct fetched {
	struct profile *profile; // NULL: none could be had
	struct mapping_source *sources;
	size_t nsources;
	size_t count;   // how many profiles were had
	bool is_remote; // one of them came over the network
};

/** Fetches and merges sources; each failure is one warning. An error only where they do not go together.
 *  *out is in `a` but for the profile, which is the caller's. */
struct err *fetch_all(struct arena *a, const struct env *env, const struct request *r,
		const char *const *sources, size_t nsources, struct fetched *out);

/** Merges what `more` holds into `into`, which takes all over. */
struct err *fetched_combine(struct arena *a, struct fetched *into, struct fetched *more);

/** The whole way (prepare.c). The profile is the caller's. */
struct err *prepare_profile(struct arena *a, const struct env *env, const struct request *r,
		struct object_tools *tools, struct profile **out);

#endif
