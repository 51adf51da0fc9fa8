// SPDX-License-Identifier: MIT
// Files and lines of a compilation unit: from its line table as line_table.h reads it, or from libdw where
// that cannot. Called by dwarf_scopes.c.
#ifndef CPROF_TOOL_SYMBOLIZER_UNIT_LINES_H
#define CPROF_TOOL_SYMBOLIZER_UNIT_LINES_H

#include "tool/symbolizer/dwarf_lookup.h"

struct unit_lines {
	struct dwarf_lookup *lookup;
	struct dwarf_unit *unit;
	const struct line_sections *sections;
	struct str directory; // it was compiled in
	bool has_table;
	uint64_t table_offset;
	struct line_table table;
	struct line_row *rows; // of each pc; NULL: libdw knows
	struct str *paths;     // of each file, once asked for
	Dwarf_Files *files;    // of libdw
	size_t nfiles;
};

void unit_lines_open(struct unit_lines *u, struct dwarf_lookup *l, struct dwarf_unit *unit,
		const struct line_sections *sections);

/** Reads the table, without libdw. */
void unit_lines_run(struct unit_lines *u, struct arena *a);

/** The unit's file of that number. */
struct str unit_lines_file(struct unit_lines *u, uint64_t file);

/** Where the unit's pc number i is; leaves the frame alone where nobody knows. */
void unit_lines_find(struct unit_lines *u, uint32_t i, struct frame *frame);

#endif
