// SPDX-License-Identifier: MIT
// See hex.h.
#include "hex.h"

#include <ctype.h>

struct str hex_encode(struct arena *a, const uint8_t *bytes, size_t n)
{
	char *text = arena_alloc(a, 2 * n + 1, 1);
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	return (struct str){text, 2 * n};
}

size_t hex_decode(struct str s, uint64_t *value_out)
{
	uint64_t v = 0;
	size_t i = 0;
	for (; i < s.len && isxdigit((unsigned char)s.ptr[i]); i++) {
		unsigned c = (unsigned char)s.ptr[i];
		if (v >> 60)
			return 0;
		v = v << 4 | (isdigit((int)c) ? c - '0' : (c | 32) - 'a' + 10);
	}
	*value_out = v;
	return i;
}
