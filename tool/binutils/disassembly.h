// SPDX-License-Identifier: MIT
// The instructions of an address range, from objdump. Called by the disasm and weblist reports.
#ifndef CPROF_TOOL_BINUTILS_DISASSEMBLY_H
#define CPROF_TOOL_BINUTILS_DISASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "tool/binutils/object_tools.h"

struct instruction {
	uint64_t address; // in the file's numbering
	struct str text;
	struct str function, file; // empty where objdump does not say
	int64_t line;
};

struct disassembly {
	const struct instruction *items;
	size_t n;
};

/** Runs objdump on [start, end) of a file. Everything lives in `a`. */
struct err *disassemble(struct arena *a, struct object_tools *tools, const char *file, uint64_t start,
		uint64_t end, bool intel_syntax, struct disassembly *out);

/** What objdump printed, GNU's or LLVM's. Strings point into `text`. */
struct disassembly disassembly_parse(struct arena *a, struct str text);

#endif
