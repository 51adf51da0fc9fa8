// SPDX-License-Identifier: MIT
// A list of address ranges of a DIE: in .debug_ranges before DWARF 5, in .debug_rnglists since. Called by
// dwarf_scopes.c. Pure: bytes that may say anything.
#ifndef CPROF_TOOL_SYMBOLIZER_RANGE_LIST_H
#define CPROF_TOOL_SYMBOLIZER_RANGE_LIST_H

#include "format/reader.h"

struct range_list {
	struct reader r;
	unsigned version, address_bytes;
	uint64_t base; // what distances count from
	bool unknown;  // it ended at something that only libdw reads: addresses in a table
};

/** section: all of it. base: low_pc of the unit. */
struct range_list range_list_at(struct reader section, uint64_t offset, unsigned version,
		unsigned address_bytes, uint64_t base);

/** The next range that is not empty; false at the end. */
bool range_list_next(struct range_list *l, uint64_t *begin_out, uint64_t *end_out);

#endif
