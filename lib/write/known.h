// SPDX-License-Identifier: MIT
// Context: CTL. The functions that profiles have met, for the next profile.
//
// A process writes many: one for each kind at its end, and pieces and heaps while it goes on, for a kill. Most of their
// addresses lie in functions that an earlier one has looked up, and a search goes over a module's whole symbol table.
#ifndef CPROF_WRITE_KNOWN_H
#define CPROF_WRITE_KNOWN_H

#include "sigsafe/modmap.h"
#include "symbol/perfmap.h"

/** Hands on the names of all the queries (of one module, sorted). False: something is new, and nothing was done. */
bool cp_known_find(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg);

/** Remembers what cp_symbolize() found at a query; NULL: nothing. */
void cp_known_add(const struct cp_module *module, const struct cp_symbol_query *query, const char *name, size_t len);

#endif
