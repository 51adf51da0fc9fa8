// SPDX-License-Identifier: MIT
// UTF-8 as Go decodes it: names of functions and files may hold any bytes.
#ifndef CPROF_BASE_UTF8_H
#define CPROF_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/** The length of the well-formed sequence at `at` (1 to 4), or 0 where there is none; at < end. */
static inline unsigned utf8_sequence(const char *at, const char *end)
{
	const unsigned char *s = (const unsigned char *)at;
	size_t left = (size_t)(end - at);
	if (s[0] < 0x80)
		return 1;
	// The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF.
	unsigned n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	if (!n || left < n || s[1] < low || s[1] > high)
		return 0;
	for (unsigned i = 2; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/** How many characters Go takes these bytes for: one that is part of none counts as one. */
static inline size_t utf8_columns(struct str s)
{
	const char *at = s.ptr, *end = s.ptr + s.len;
	size_t n = 0;
	for (; at < end; n++) {
		unsigned len = utf8_sequence(at, end);
		at += len ? len : 1;
	}
	return n;
}

static inline bool utf8_is_valid(struct str s)
{
	const char *at = s.ptr, *end = s.ptr + s.len;
	uint64_t word;
	while (at < end) {
		if (end - at >= 8 && (memcpy(&word, at, 8), !(word & 0x8080808080808080u))) {
			at += 8;
			continue;
		}
		unsigned n = utf8_sequence(at, end);
		if (!n)
			return false;
		at += n;
	}
	return true;
}

#endif
