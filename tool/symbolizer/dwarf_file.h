// SPDX-License-Identifier: MIT
// A binary with its debug information, wherever that lies (in the file, beside it, by build id, from
// debuginfod where DEBUGINFOD_URLS is set), and the frames of many of its addresses in one pass.
// Called by resolver.c.
#ifndef CPROF_TOOL_SYMBOLIZER_DWARF_FILE_H
#define CPROF_TOOL_SYMBOLIZER_DWARF_FILE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "tool/symbolizer/frame.h"

struct dwarf_file;

/** What to look for besides the names of functions. */
enum dwarf_want {
	DWARF_WANT_LINES = 1 << 0,     // files, lines, inlined frames: else no debug information is read
	DWARF_WANT_VARIABLES = 1 << 1, // addresses may be of data
};

/** want: enum dwarf_want bits. debug_path: ':' list of directories with .build-id/ trees, searched
 *  before the system's. */
struct err *dwarf_file_open(struct arena *a, const char *path, const char *debug_path,
		unsigned want, struct dwarf_file **out);

/** addresses: the file's own numbering, ascending, distinct. Frames live in `a`, their strings as
 *  long as the file is open. frames_out[i].n is 0 where nothing is known. */
void dwarf_file_lookup(struct dwarf_file *f, struct arena *a, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out);

/** After a lookup: why its debug information, which is not on this machine, could not be fetched; or NULL. */
struct err *dwarf_file_failed_fetch(const struct dwarf_file *f);

void dwarf_file_close(struct dwarf_file *f);

#endif
