// SPDX-License-Identifier: MIT
// The lines of source files that a profile names, found where this machine has them. For list and
// weblist.
#ifndef CPROF_TOOL_REPORT_SOURCE_READER_H
#define CPROF_TOOL_REPORT_SOURCE_READER_H

#include "base/err.h"
#include "tool/report/report.h"

struct source_file;

struct source_reader {
	const struct report *report;
	struct arena *arena;
	struct str search_path; // ':' list; the current directory where the option is empty
	struct source_file *files;
};

struct err *source_reader_init(struct source_reader *s, const struct report *r, struct arena *a);

/** Line `number` of a file, from 1, without its end; false where there is none. */
bool source_line(struct source_reader *s, struct str file, int64_t number, struct str *line_out);

/** Why a file could not be read; NULL where it was, or was never asked for. */
struct err *source_error(struct source_reader *s, struct str file);

#endif
