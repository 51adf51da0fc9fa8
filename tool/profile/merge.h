// SPDX-License-Identifier: MIT
// Several profiles into one, and the arithmetic of -base, -diff_base and -normalize. Called by
// tool/driver between fetching and reporting, in this order: compatibilize, scale_units, merge.
#ifndef CPROF_TOOL_PROFILE_MERGE_H
#define CPROF_TOOL_PROFILE_MERGE_H

#include "base/err.h"
#include "tool/profile/profile.h"

/**
 * Keeps of every profile only the sample types all have, in the first one's order, and of those the
 * values.
 */
struct err *profile_compatibilize(struct arena *a, struct profile **profiles, uint32_t n);

/** Brings periods and values of all profiles to the finest unit among them. */
struct err *profile_scale_units(struct arena *a, struct profile **profiles, uint32_t n);

/**
 * A new profile with the samples of all. Same stack and labels: one sample. Unused mappings,
 * locations and functions are gone, ids are dense, all-zero samples are dropped. Each source is
 * destroyed as soon as it is merged: never is all in memory twice.
 */
struct err *profile_merge(struct arena *a, struct profile **profiles, uint32_t n,
		struct profile **merged_out);

/** Multiplies all values, rounding; drops samples that became zero. */
void profile_scale(struct profile *p, double ratio);
/** One ratio a sample type; values of types with ratio 1 do not count for keeping a sample. */
void profile_scale_each(struct profile *p, const double *ratios);

/** Scales p so that each sample type's sum is that of `base` (-normalize). */
struct err *profile_normalize(struct arena *a, struct profile *p, const struct profile *base);

/** Drops mapping file names that are URLs: the fetcher put them there for the symbolizer. */
void profile_unsource_mappings(struct profile *p);

#endif
