// SPDX-License-Identifier: MIT
// Context: SIG. Reads a byte range from front to back; what lies behind its end reads as 0 and sets `bad`.
#ifndef CPROF_SIGSAFE_CURSOR_H
#define CPROF_SIGSAFE_CURSOR_H

#include <string.h>

#include "types.h"

struct cp_cursor {
	const uint8_t *at, *end;
	bool bad;
};

static inline size_t cp_cursor_left(const struct cp_cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline void cp_cursor_skip(struct cp_cursor *c, uint64_t nbytes)
{
	if (nbytes > cp_cursor_left(c)) {
		c->bad = true;
		c->at = c->end;
	} else {
		c->at += nbytes;
	}
}

/** An unsigned little-endian number of 1, 2, 4 or 8 bytes. */
static inline uint64_t cp_cursor_uint(struct cp_cursor *c, size_t nbytes)
{
	uint64_t value = 0;
	if (nbytes > cp_cursor_left(c)) {
		c->bad = true;
		c->at = c->end;
		return 0;
	}
	memcpy(&value, c->at, nbytes);
	c->at += nbytes;
	return value;
}

static inline int64_t cp_cursor_int(struct cp_cursor *c, size_t nbytes)
{
	unsigned shift = 64 - 8 * (unsigned)nbytes;
	return (int64_t)(cp_cursor_uint(c, nbytes) << shift) >> shift;
}

static inline uint64_t cp_cursor_uleb(struct cp_cursor *c)
{
	uint64_t value = 0;
	for (unsigned shift = 0; c->at < c->end; shift += 7) {
		uint8_t byte = *c->at++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

static inline int64_t cp_cursor_sleb(struct cp_cursor *c)
{
	uint64_t value = 0;
	for (unsigned shift = 0; c->at < c->end;) {
		uint8_t byte = *c->at++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if (shift < 64 && byte & 0x40)
			value |= ~(uint64_t)0 << shift;
		return (int64_t)value;
	}
	c->bad = true;
	return 0;
}

#endif
