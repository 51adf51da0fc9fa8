// SPDX-License-Identifier: MIT
// From bytes to struct profile: profile.proto, the text and binary formats from before it, each plain,
// gzipped or in zstd's frames. Called by tool/driver's fetching; input is hostile, so every size is
// checked and limited.
#ifndef CPROF_TOOL_PROFILE_PARSE_H
#define CPROF_TOOL_PROFILE_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "tool/profile/profile.h"

// What a profile may weigh once inflated: more is refused, for columns count in 32 bits.
enum { PARSE_MAX_MIB = 4000 };

/**
 * Parses and checks. The bytes are only read. Errors live in `a` and read as pprof's ("parsing profile:
 * unrecognized profile format"). The profile is the caller's to destroy.
 */
struct err *profile_parse(struct arena *a, const void *data, size_t len, struct profile **profile_out);

/**
 * The same for a page-aligned mapping or buffer from pages_alloc that nobody needs afterwards: pages
 * already parsed are given back while parsing goes on, which halves the peak. Contents are lost.
 * Without stacks all of a profile.proto is checked, but the samples' stacks are left empty.
 */
struct err *profile_parse_consume(struct arena *a, void *data, size_t len, bool with_stacks,
		struct profile **profile_out);

#endif
