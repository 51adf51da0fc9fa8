// SPDX-License-Identifier: MIT
// The symbols of a binary in address order: from its own table, or from nm where the user named one
// with -tools. For -disasm (which symbols match the argument?) and for addr2line's short names.
#ifndef CPROF_TOOL_BINUTILS_SYMBOLS_H
#define CPROF_TOOL_BINUTILS_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "tool/binutils/object_tools.h"

struct symbol {
	uint64_t address, size;
	struct str name;
	char type; // as nm prints it
};

struct symbol_list {
	const struct symbol *items; // by address, then name
	size_t n;
};

/** Runs `nm --numeric-sort --print-size --format=posix FILE`, by object_tools_output(). */
struct err *symbols_from_nm(struct arena *a, struct object_tools *tools, const char *nm, const char *file,
		struct symbol_list *out);

/** Reads .symtab, or .dynsym where it is stripped. */
struct err *symbols_from_file(struct arena *a, const char *file, struct symbol_list *out);

/** The symbol at or before the address; variables must cover it. NULL where there is none. */
const struct symbol *symbols_covering(const struct symbol_list *l, uint64_t address);

#endif
