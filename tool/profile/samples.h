// SPDX-License-Identifier: MIT
// What filters and parsers need of the sample columns beyond profile.h. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_SAMPLES_H
#define CPROF_TOOL_PROFILE_SAMPLES_H

#include "tool/profile/profile.h"

/** Drops the samples whose keep byte is 0. */
void samples_keep(struct profile *p, const uint8_t *keep);

/** Room for at least n samples in all columns (values need nsample_types set). Owned parts only. */
void samples_reserve(struct profile *p, uint32_t n);

/** The stack column of a profile that has none yet, of n entries to be written, narrow where that suffices. */
void samples_make_locs(struct profile *p, size_t n);

/** Room for `extra` more entries in locs, which are not narrow. */
void samples_reserve_locs(struct profile *p, size_t extra);

/** Frees the stack column, if it was ours. */
void samples_free_locs(struct profile *p);

/** Puts another stack column in place, of pages for `cap` entries; the old one is freed if it was ours. */
void samples_set_locs(struct profile *p, uint32_t *locs, size_t n, size_t cap);

/** sample_labels, all 0 where there were none; owned. */
uint32_t *samples_own_labels(struct profile *p);

/**
 * Rewrites every label set that a sample has: labels for which keep() is false go, `added` (or NULL) joins; samples
 * follow.
 */
void labels_edit(struct profile *p, bool (*keep)(void *arg, const struct label *label), void *arg,
		const struct label *added);

#endif
