// SPDX-License-Identifier: MIT
// What of several profiles is not samples. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_COMBINE_H
#define CPROF_TOOL_PROFILE_COMBINE_H

#include "base/err.h"
#include "tool/profile/profile.h"

/** Fills the header of `to` from those of all, or says why they do not go together. */
struct err *combine_headers(struct arena *a, struct profile *const *profiles, uint32_t n,
		struct profile *to);

/** Whether the two have the same period and sample types. */
struct err *combine_check(struct arena *a, const struct profile *p, const struct profile *q);

#endif
