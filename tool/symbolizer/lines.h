// SPDX-License-Identifier: MIT
// Putting frames into a profile: new functions, each once, and the lines of a location.
#ifndef CPROF_TOOL_SYMBOLIZER_LINES_H
#define CPROF_TOOL_SYMBOLIZER_LINES_H

#include "base/arena.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/frame.h"

/** The functions added by one symbolization. Zeroed but for profile and arena, it is empty. */
struct function_set {
	struct profile *profile;
	struct arena *arena;
	uint32_t *slots; // open addressing; 1 + index of a function
	uint32_t n, cap;
};

/** The index of the function with the frame's name, file and start line; added where it is new. */
uint32_t function_set_add(struct function_set *s, const struct frame *f);

/** Replaces the lines of a location. */
void location_set_lines(struct profile *p, uint32_t location, const struct line *lines, uint32_t n);

#endif
