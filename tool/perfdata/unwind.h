// SPDX-License-Identifier: MIT
// Walks the stack that a sample brought along (perf record --call-graph dwarf, cprof attach): the registers and
// the top of the stack as they were, and the tables of the files that were mapped. Private to tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_UNWIND_H
#define CPROF_TOOL_PERFDATA_UNWIND_H

#include "tool/perfdata/cfi.h"
#include "tool/perfdata/file.h"
#include "tool/perfdata/processes.h"

enum unwind_end {
	UNWIND_WHOLE,    // the outermost function
	UNWIND_DUMP_END, // the stack goes on behind what was copied
	UNWIND_NO_RULE,  // no tables, and no chain of frame pointers
	UNWIND_NENDS,
};

/** The address the thread was at, and those of the calls that lead there; at most max. */
uint32_t unwind_dump(struct cfi_tables *t, struct processes *p, const struct perf_sample *s, uint64_t *addresses_out,
		uint32_t max, enum unwind_end *end_out);

#endif
