// SPDX-License-Identifier: MIT
// Context: CTL. The function names of addresses.
#ifndef CPROF_SYMBOL_SYMBOLIZE_H
#define CPROF_SYMBOL_SYMBOLIZE_H

#include "perfmap.h"
#include "sigsafe/modmap.h"

/**
 * Looks the queries (sorted by vaddr) up in the module's file, if it still is the file that was loaded, in
 * memory for the vDSO, or in the JIT's map for code outside any module (NULL).
 * 0; -ESTALE: another file is there now; -ENOENT, ...: none can be read.
 */
int cp_symbolize(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg);

/** The same in the debug file of a module that was stripped; -ENOENT: it has none. */
int cp_symbolize_stripped(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg);

#endif
