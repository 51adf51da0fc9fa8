// SPDX-License-Identifier: MIT
// The bytes behind a Dwarf of libdw, for the readers of our own. Called by dwarf_units.c.
#ifndef CPROF_TOOL_SYMBOLIZER_DWARF_SECTIONS_H
#define CPROF_TOOL_SYMBOLIZER_DWARF_SECTIONS_H

#include <elfutils/libdw.h>
#include <stdbool.h>

#include "format/line_table.h"
#include "tool/symbolizer/die_tree.h"

/** Empty where the file does not have them, or is of the other byte order. */
struct dwarf_sections {
	struct line_sections lines;
	struct reader info, abbrev, ranges, rnglists;
};

/** Uncompressed and relocated, as libdw reads them; they live as long as `dwarf`. split: those of a .dwo. */
struct dwarf_sections dwarf_sections_of(Dwarf *dwarf, bool split);

#endif
