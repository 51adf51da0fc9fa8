// SPDX-License-Identifier: MIT
// Deflating what comes bit by bit, so that neither side of it need ever be in memory whole. Private to
// tool/profile/.
#ifndef CPROF_TOOL_PROFILE_DEFLATER_H
#define CPROF_TOOL_PROFILE_DEFLATER_H

#include <stdbool.h>

#include "base/buf.h"

struct deflater;

enum deflate_end {
	DEFLATE_MORE, // of the same piece follows
	DEFLATE_PIECE, // ends at a whole byte, and what follows refers to nothing in it: another deflater may make that
	DEFLATE_ALL,
};

/** is_fast: time matters more than size. */
struct deflater *deflater_new(bool is_fast);
void deflater_free(struct deflater *d);

/** Before the first bytes, and after the last of each piece. */
void deflater_begin(struct deflater *d);

/** Deflates `plain` and appends what comes out of that, of earlier bytes too. */
void deflater_put(struct deflater *d, const struct buf *plain, enum deflate_end end, struct buf *out);

#endif
