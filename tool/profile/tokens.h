// SPDX-License-Identifier: MIT
// Short byte strings in a word each: what a location's number looks like in the output, made once and then
// copied forty million times. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_TOKENS_H
#define CPROF_TOOL_PROFILE_TOKENS_H

#include <stdint.h>
#include <string.h>

enum { TOKEN_MAX_BYTES = 7 };

// A token: up to 7 bytes, and their number in the upper byte. 0: it does not fit, the long way is to be taken.

static inline uint64_t token_make(const void *bytes, size_t len)
{
	uint64_t t = 0;
	if (len > TOKEN_MAX_BYTES)
		return 0;
	memcpy(&t, bytes, len);
	return t | (uint64_t)len << 56;
}

static inline size_t token_len(uint64_t t)
{
	return t >> 56;
}

/** Writes it at `at`, where there must be room for 8 bytes; returns its end. */
static inline char *token_put(char *at, uint64_t t)
{
	memcpy(at, &t, sizeof(t));
	return at + token_len(t);
}

#endif
