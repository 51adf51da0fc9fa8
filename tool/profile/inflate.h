// SPDX-License-Identifier: MIT
// gzip to plain bytes, whole buffers, all members joined. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_INFLATE_H
#define CPROF_TOOL_PROFILE_INFLATE_H

#include <stdbool.h>

#include "base/err.h"

// Pages (base/mem.h): free with pages_free(ptr, reserved).
struct inflated {
	uint8_t *ptr;
	size_t len;
	size_t reserved;
};

static inline bool is_gzip(const uint8_t *data, size_t len)
{
	return len >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/**
 * Inflates. Refuses what would grow beyond 64 MiB + 100 times its size, or PARSE_MAX_MIB. Errors have
 * the words of Go's compress/gzip.
 */
struct err *inflate_gzip(struct arena *a, const uint8_t *data, size_t len, struct inflated *out);

#endif
