// SPDX-License-Identifier: MIT
// gzip, and zstd, which pprof refuses, to plain bytes: whole buffers, all members joined. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_INFLATE_H
#define CPROF_TOOL_PROFILE_INFLATE_H

#include <stdbool.h>
#include <string.h>

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

static inline bool is_zstd(const uint8_t *data, size_t len)
{
	return len >= 4 && memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0;
}

/**
 * Inflates what is one of the two. Refuses what would grow beyond 64 MiB + 100 times its size, or PARSE_MAX_MIB.
 * Errors of gzip have the words of Go's compress/gzip.
 */
struct err *inflate_profile(struct arena *a, const uint8_t *data, size_t len, struct inflated *out);

#endif
