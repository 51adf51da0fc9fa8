// SPDX-License-Identifier: MIT
// Context: CTL. The function names of a module's addresses.
#ifndef CPROF_SYMBOL_SYMBOLIZE_H
#define CPROF_SYMBOL_SYMBOLIZE_H

#include "elf.h"
#include "sigsafe/modmap.h"

/** Called for each query with a name, in order. The name is gone when it returns. */
typedef void cp_symbol_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len);

/**
 * Looks the queries (sorted by vaddr) up in the module's file, if it still is the file that was loaded,
 * or in memory for the vDSO. 0; -ESTALE: another file is there now; -ENOENT, ...: none can be read.
 */
int cp_symbolize(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg);

#endif
