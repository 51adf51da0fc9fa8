// SPDX-License-Identifier: MIT
// Profiles as files of a folder: STEM.20261126T020000Z.pb.gz, the time they begin, so that a shell's pattern finds
// those of an hour. None is ever half of one; of each stem the newest are kept.
#ifndef CPROF_TOOL_PUSH_FOLDER_H
#define CPROF_TOOL_PUSH_FOLDER_H

#include "base/err.h"

#include "spool.h"

/** What the files of the source `url` begin with: the application and the profile, "shop-heap", and a number where
 *  it is the number-th source of that profile. */
const char *folder_stem(struct arena *a, const char *name, const char *url, int number);

/** Writes it, and removes the oldest of its stem beyond so many. */
struct err *folder_put(struct arena *a, const char *folder, const struct spooled *profile, int nkept);

#endif
