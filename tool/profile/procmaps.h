// SPDX-License-Identifier: MIT
// The memory map at the end of an old profile. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_PROCMAPS_H
#define CPROF_TOOL_PROFILE_PROCMAPS_H

#include "tool/profile/profile.h"
#include "tool/profile/textlines.h"

/** Whether the line announces a memory map. */
bool is_maps_header(struct str line);

/** Adds a mapping for every line that is one and is executable; merges those split in two; main first. */
void procmaps_read(struct profile *p, struct arena *a, struct textlines *lines);

/** Finds the mapping of each location with an address; numbers mappings. */
void procmaps_assign(struct profile *p);

#endif
