// SPDX-License-Identifier: MIT
// Context: CTL. The function names of addresses.
#ifndef CPROF_SYMBOL_SYMBOLIZE_H
#define CPROF_SYMBOL_SYMBOLIZE_H

#include "perfmap.h"
#include "sigsafe/modmap.h"

enum {
	// Of a symbol table, at a time: the program's caches are to keep what is in them.
	CP_SYMBOLIZE_TABLE_BYTES = 16 << 10,
	// Longer names (there are C++ ones) are left out: cut, they would not demangle.
	CP_SYMBOLIZE_NAME_BYTES = 16 << 10,
	CP_SYMBOLIZE_SUFFIX_BYTES = 16, // "@plt"
	CP_SYMBOLIZE_BYTES = CP_SYMBOLIZE_TABLE_BYTES + CP_SYMBOLIZE_NAME_BYTES + CP_SYMBOLIZE_SUFFIX_BYTES,
};

/**
 * Looks the queries (sorted by vaddr) up in the module's file, if it still is the file that was loaded, in
 * memory for the vDSO, or in the JIT's map for code outside any module (NULL). `room` is CP_SYMBOLIZE_BYTES, aligned,
 * for as long as that takes; only the JIT's map does without (NULL).
 * 0; -ESTALE: another file is there now; -ENOENT, ...: none can be read; -ENOMEM: there is no room.
 */
int cp_symbolize(const struct cp_module *module, char *room, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg);

/** The same in the debug file of a module that was stripped; -ENOENT: it has none. */
int cp_symbolize_stripped(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg);

#endif
