// SPDX-License-Identifier: MIT
// The unwind tables of the files that were mapped: opened when an address of theirs first asks, the row of each
// address read once. Parsing is libdw's. Private to tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_CFI_H
#define CPROF_TOOL_PERFDATA_CFI_H

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "tool/perfdata/processes.h"

struct cfi_tables {
	struct arena *arena;
	const struct perf_file *file; // whose recording it is
	struct cfi_file *files;
	uint32_t nfiles, files_cap;
	struct hash_index by_name;
	struct cfi_row *rows;
	uint32_t nrows, rows_cap;
	struct hash_index by_address;
	bool is_of_here; // the processes run on this kernel, so that its [vdso] is ours
};

void cfi_tables_deinit(struct cfi_tables *t);

/** The row that holds at an address inside the range; NULL where the file has none, or cannot be read. */
Dwarf_Frame *cfi_row(struct cfi_tables *t, struct address_range *range, uint64_t address);

/** Whether the range's file can be read and is the one that was mapped: its code is known. */
bool cfi_has_file(struct cfi_tables *t, struct address_range *range);

/** So many bytes of its code; NULL where they are not in the file. */
const uint8_t *cfi_code(struct cfi_tables *t, struct address_range *range, uint64_t address, size_t nbytes);

#endif
