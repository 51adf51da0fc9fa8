// SPDX-License-Identifier: MIT
// Numbers as Go's strconv reads and writes them: command lines, shell values and URLs of pprof follow
// it, down to the words of the complaint.
#ifndef CPROF_BASE_NUM_H
#define CPROF_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

enum num_status {
	NUM_OK,
	NUM_SYNTAX, // not a number at all
	NUM_RANGE,  // one, but too large for the type; *out holds the nearest
};

/** base 0 also takes 0x, 0o, 0b and 0 prefixes and underscores between digits. */
enum num_status num_parse_int(const char *s, int base, int bits, int64_t *out);
enum num_status num_parse_float(const char *s, double *out);

/** 1, t, T, TRUE, true, True and their opposites; false where it is none of them. */
bool num_parse_bool(const char *s, bool *out);

/** The shortest decimal that reads back as v, as %v prints it: 0.005, 1, 1e-05, 1e+06. */
char *num_format_float(struct arena *a, double v);

/** "invalid syntax" or "value out of range". */
const char *num_status_text(enum num_status s);

#endif
