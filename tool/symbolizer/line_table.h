// SPDX-License-Identifier: MIT
// The line table of a compilation unit (.debug_line, DWARF 2 to 5), read for some addresses: its program is
// run once and no row is kept that none of them falls into. libdw makes an array of all rows and sorts it,
// which is half of the time of symbolizing. Called by dwarf_scopes.c. Pure: bytes that may say anything in,
// the arena's memory out.
#ifndef CPROF_TOOL_SYMBOLIZER_LINE_TABLE_H
#define CPROF_TOOL_SYMBOLIZER_LINE_TABLE_H

#include "base/arena.h"
#include "base/reader.h"

/** Whole sections, in the machine's byte order. */
struct line_sections {
	struct reader line, line_str, str;
};

struct line_file {
	struct str name;
	uint64_t directory;
};

/** The advance a special opcode stands for. */
struct line_advance {
	uint32_t address;
	int32_t line;
};

struct line_table {
	struct arena *arena;
	struct str *directories;
	uint64_t ndirectories;
	struct line_file *files; // by the numbers the unit uses
	uint64_t nfiles, files_cap;
	struct reader program;
	unsigned instruction_bytes, opcode_base;
	uint8_t operands[256]; // of standard opcodes
	struct line_advance special[256];
};

struct line_row {
	uint64_t address; // where it begins
	uint64_t file;
	int64_t line, column;
	bool found;
};

/** False where the table at `offset` is damaged, or of a kind that only libdw reads (VLIW machines, strings
 *  in other files). */
bool line_table_open(struct arena *a, const struct line_sections *s, uint64_t offset,
		struct line_table *out);

/** A program may add files. */
void line_table_add_file(struct line_table *t, struct line_file file);

/** Ascending addresses. */
struct line_addresses {
	const uint64_t *items;
	uint32_t n;
};

/** Where several rows have a pc, the last that begins there. `idle`: where code begins that probably has none of
 *  the pcs, which saves time. */
void line_table_find(struct line_table *t, struct line_addresses pcs, struct line_addresses idle,
		struct line_row *rows_out);

/** The name as the table has it, its directory in front; empty where there is none. */
struct str line_table_file(struct arena *a, const struct line_table *t, uint64_t file);

#endif
