// SPDX-License-Identifier: MIT
// Machine words of either size and byte order, as gperftools dumps them. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_WORDS_H
#define CPROF_TOOL_PROFILE_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct word_reader {
	struct str rest;
	bool is_out;     // a word was asked for that is not there
	bool is_64, is_big;
};

/** The next word; 0, is_out and nothing left where there is none. */
static inline uint64_t next_word(struct word_reader *r)
{
	size_t size = r->is_64 ? 8 : 4;
	if (r->rest.len < size) {
		r->rest.len = 0;
		r->is_out = true;
		return 0;
	}
	uint64_t wide;
	uint32_t narrow;
	memcpy(&wide, r->rest.ptr, r->is_64 ? 8 : 0);
	memcpy(&narrow, r->rest.ptr, 4);
	r->rest = str_slice(r->rest, size, r->rest.len);
	bool swap = r->is_big == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	if (r->is_64)
		return swap ? __builtin_bswap64(wide) : wide;
	return swap ? __builtin_bswap32(narrow) : narrow;
}

#endif
