// SPDX-License-Identifier: MIT
// The symbols of the profile's binaries that the argument of -disasm names, by name (mangled or in any
// of pprof's readable forms) or by an address inside. For source_disasm.c.
#ifndef CPROF_TOOL_REPORT_SOURCE_SYMBOLS_H
#define CPROF_TOOL_REPORT_SOURCE_SYMBOLS_H

#include "tool/binutils/objfile.h"
#include "tool/report/report.h"

struct matched_symbol {
	struct objfile *object;
	struct str *names; // the one that matched; of an address, all
	uint32_t nnames;
	uint64_t start, end; // the last byte, in the file's numbering
};

struct matched_symbols {
	struct matched_symbol *items;
	uint32_t n, cap;
};

/** A regexp that is a number stands for an address too: Go's ParseUint(s, 0, 64). */
bool report_symbol_address(const struct report *r, uint64_t *address_out);

/** Appends the symbols of one mapping that match. */
struct err *source_symbols_find(const struct report *r, struct arena *a, const struct mapping *m,
		struct matched_symbols *out);

#endif
