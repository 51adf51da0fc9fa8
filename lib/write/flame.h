// SPDX-License-Identifier: MIT
// Context: CTL. A profile as a tree of boxes for a flame graph, of bounded size however many stacks there are.
#ifndef CPROF_WRITE_FLAME_H
#define CPROF_WRITE_FLAME_H

#include "idmap.h"
#include "profile_out.h"
#include "strings.h"

struct cp_delta;

/** What one function took, at one place of the tree. */
struct cp_flame_box {
	int64_t width, own; // of values without their signs, so that no box is wider than its caller's
	int64_t delta;
	uint32_t caller; // its index, plus one; 0: none
	uint32_t frame;
};

struct cp_flame_frame {
	const char *name; // not ended by NUL
	size_t name_len;
	const char *module; // its file; NULL: it is in none
};

struct cp_flame {
	struct cp_value_type type;
	int64_t total;
	bool is_diff;  // some values are below 0
	bool has_more; // boxes were too narrow to be here
	struct cp_flame_box *boxes; // each behind its caller's
	size_t nboxes, boxes_cap_bytes;
	struct cp_flame_frame *frames;
	size_t nframes, frames_cap_bytes;
	struct cp_strings names;
};

/** Zero it to start. The widest boxes of the profile that was written to `delta`, of one of its sample types
 *  (NULL: its default one). 0 or a negative errno: -ENOENT: no such type; -EINVAL: it has no binary form. */
int cp_flame_build(struct cp_flame *f, struct cp_delta *delta, const char *type);
void cp_flame_free(struct cp_flame *f);

#endif
