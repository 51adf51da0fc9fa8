// SPDX-License-Identifier: MIT
// Context: CTL. The lines found so far: threads wait at the same places in one dump after the other, and to find a line
// the whole of a module's line tables must be read.
#ifndef CPROF_SYMBOL_LINE_CACHE_H
#define CPROF_SYMBOL_LINE_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct cp_line {
	struct cp_line *next; // in its bucket
	uint64_t vaddr;
	uint32_t module_id;
	uint32_t line; // 0: it is known that there is none
	size_t path_bytes;
	char path[]; // not NUL-terminated
};

/** NULL: nothing is known yet. Any number of threads at once. */
const struct cp_line *cp_line_cache_find(uint32_t module_id, uint64_t vaddr);

/** Nothing happens where there is no more room: 4 MiB, some ten thousand addresses. */
void cp_line_cache_add(uint32_t module_id, uint64_t vaddr, uint32_t line, const char *path, size_t path_bytes);

#endif
