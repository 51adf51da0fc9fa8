// SPDX-License-Identifier: MIT
// Lines of text, and the numbers in them, read as Go reads them (bufio.Scanner, strconv). Private to
// tool/profile/.
#ifndef CPROF_TOOL_PROFILE_TEXTLINES_H
#define CPROF_TOOL_PROFILE_TEXTLINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct textlines {
	struct str rest;
	struct str line;  // the one read last, without its end; "" at the end
	bool is_too_long; // a line of 64 KiB or more ended the reading
};

/** Reads the next line. */
bool textlines_next(struct textlines *lines);

/** Without ASCII white space at the ends. */
struct str trim_space(struct str s);
bool is_blank_or_comment(struct str line);
bool str_contains(struct str s, struct str part);

/** strconv.ParseInt and ParseUint: base 10, 16, or 0 (by prefix). The error reads as theirs. */
struct err *parse_int(struct arena *a, struct str s, unsigned base, int64_t *value_out);
struct err *parse_uint(struct arena *a, struct str s, unsigned base, uint64_t *value_out);

#endif
