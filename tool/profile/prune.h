// SPDX-License-Identifier: MIT
// Frames nobody asked about, cut from the leaf end: drop_frames/keep_frames of the profile, prune_from.
#ifndef CPROF_TOOL_PROFILE_PRUNE_H
#define CPROF_TOOL_PROFILE_PRUNE_H

#include "base/err.h"
#include "tool/profile/profile.h"
#include "tool/profile/regex.h"

/** Applies the profile's own drop_frames and keep_frames. */
struct err *profile_remove_uninteresting(struct profile *p, struct arena *a);

/** Cuts each stack below (leafward of) and including its rootmost frame that matches drop, not keep. */
void profile_prune(struct profile *p, const struct regex *drop, const struct regex *keep);

/** Cuts each stack below its leafmost match, which stays (prune_from). */
void profile_prune_from(struct profile *p, const struct regex *from);

/** A function name without a leading '.', from the first '(' of its arguments on cut off. */
struct str simplify_function_name(struct str name);

#endif
