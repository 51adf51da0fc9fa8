// SPDX-License-Identifier: MIT
// A line of a perf map, in which a JIT compiler says what it made: "START SIZE NAME", the numbers hexadecimal. Read by
// lib/symbol/perfmap.c in the process itself and by tool/symbolizer/perfmap.c from outside.
#ifndef CPROF_FORMAT_PERFMAP_LINE_H
#define CPROF_FORMAT_PERFMAP_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perfmap_line {
	uint64_t start, size_bytes;
	size_t name_offset; // in the line; the name is the rest of it, and not empty
};

/** `line` is without its newline, and may be cut within the name. False: it is none. */
bool perfmap_line_parse(const char *line, size_t len, struct perfmap_line *out);

#endif
