// SPDX-License-Identifier: MIT
// The line table of a compilation unit (.debug_line, DWARF 2 to 5), read for some addresses: its program is
// run once, and no row is kept that none of them falls into; files are looked up in the header when they are
// asked for. Called by tool/symbolizer, which finds the unit of an address first, and by lib/symbol/lines.c, which
// goes through all of them. Pure: bytes that may say anything, caller's memory.
#ifndef CPROF_FORMAT_LINE_TABLE_H
#define CPROF_FORMAT_LINE_TABLE_H

#include "format/reader.h"

/** Whole sections, in the machine's byte order. */
struct line_sections {
	struct reader line, line_str, str;
};

/** The advance a special opcode stands for. */
struct line_advance {
	uint32_t address;
	int32_t line;
};

/** Directories, or files. */
struct line_names {
	struct reader from; // DWARF 5: the format of its entries first
	uint64_t n;
};

struct line_table {
	const struct line_sections *sections;
	uint64_t offset;         // in the section
	unsigned version, offset_bytes;
	struct line_names directories, files;
	struct reader program;
	unsigned instruction_bytes, opcode_base;
	uint8_t operands[256]; // of standard opcodes
	struct line_advance special[256];
};

/** Zero it to start. */
struct line_row {
	uint64_t address; // where it begins
	uint64_t table;   // the offset of the one it is from
	uint64_t file;
	int64_t line, column;
	bool found;
};

/** Pieces of text, not NUL-terminated; len 0: none. */
struct line_text {
	const char *ptr;
	size_t len;
};

/** Parts of a path. */
struct line_file {
	struct line_text directory, name;
};

/** False where the table at `offset` is damaged, or of a kind that is not read here (VLIW machines, strings in
 *  other files). */
bool line_table_open(const struct line_sections *s, uint64_t offset, struct line_table *out);

/** Where the table at `offset` ends, and the next begins; 0: it is damaged. */
uint64_t line_table_end(const struct line_sections *s, uint64_t offset);

/** pcs: ascending. Where several rows have one, of this table or those before, the last that begins there. False:
 *  the program adds files, as none does since DWARF 2; nothing is to be believed then. */
bool line_table_find(const struct line_table *t, const uint64_t *pcs, uint32_t n, struct line_row *rows);

/** The file of a row. directory is empty where the name is a whole path, or relative to where the unit was compiled. */
struct line_file line_table_file(const struct line_table *t, uint64_t file);

#endif
