// SPDX-License-Identifier: MIT
// Context: CTL. The source lines of a module's addresses, for text that people read at once: what goes into
// profiles has its lines found by the tool, which knows inlined functions, too.
#ifndef CPROF_SYMBOL_LINES_H
#define CPROF_SYMBOL_LINES_H

#include "elf_symbols.h"
#include "sigsafe/modmap.h"

/** Called for each query with a line. The path is gone when it returns; it may be relative to where the file was
 *  compiled. */
typedef void cp_line_found(void *arg, const struct cp_symbol_query *query, const char *path, size_t path_bytes,
		uint32_t line);

/**
 * Looks the queries (sorted by vaddr) up in the line tables of the module's file, or of its debug file by build id.
 * For those asked for the first time, all tables are gone through, 64 MiB of them at most: about 10 ms for each
 * 5 MiB. Memory for them is given back before this returns.
 */
void cp_lines_find(const struct cp_module *module, const struct cp_symbol_query *queries, size_t nqueries,
		cp_line_found *found, void *arg);

#endif
