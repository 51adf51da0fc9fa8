// SPDX-License-Identifier: MIT
// An executable file at the place where a process had it mapped: its build id, and the arithmetic
// from runtime addresses to the addresses in its symbol table and DWARF (elfbase.h). Opened by
// tool/driver to locate binaries, by tool/symbolizer, and by the source reports.
#ifndef CPROF_TOOL_BINUTILS_OBJFILE_H
#define CPROF_TOOL_BINUTILS_OBJFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/** A mapping's numbers, as in the profile. All zero: the file itself, mapped nowhere. */
struct mapped_range {
	uint64_t start, limit, offset;
	const char *kernel_relocation_symbol; // NULL, or what `offset` is relative to ("_stext")
};

struct objfile {
	const char *path;
	struct mapped_range range;
	struct str build_id; // hex digits; empty where the file has none
	struct elf_image *elf; // NULL for other formats (PE, Mach-O: base is known at once)
	uint64_t base;         // what to subtract from a runtime address; valid once has_base
	bool has_base;
	bool is_data; // the addresses lie in a segment that is not executable
};

/** Reads headers and build id; keeps no file open. Errors carry pprof's words. */
struct err *objfile_open(struct arena *a, const char *path, const struct mapped_range *range,
		struct objfile **out);

/** The address in the file's own numbering of a runtime address inside the mapping. The first
 *  address decides which segment the mapping is. */
struct err *objfile_address(struct arena *a, struct objfile *f, uint64_t address,
		uint64_t *file_address_out);

#endif
