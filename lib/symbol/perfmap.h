// SPDX-License-Identifier: MIT
// Context: CTL. Names of code that lies in no module: what a JIT compiler says of it in
// /tmp/perf-PID.map, as perf reads it (node --perf-basic-prof, python -X perf, the JVM's perf-map-agent).
//
// Lines are "START SIZE NAME", both numbers hexadecimal, appended as code is made; of two that cover an
// address the later one holds: the memory was used again. /tmp is everybody's, so a file of another user is
// not read.
#ifndef CPROF_SYMBOL_PERFMAP_H
#define CPROF_SYMBOL_PERFMAP_H

#include "elf_symbols.h"

/** Called for each query with a name, in order. The name is gone when it returns. */
typedef void cp_symbol_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len);

/** Names the queries (absolute addresses, sorted) by this process's map. 0; -ENOENT, ...: there is none. */
int cp_perfmap_find(struct cp_symbol_query *queries, size_t nqueries, cp_symbol_found *found, void *arg);

/** The same with a map that is open, or in memory. 0; -ENOMEM. */
int cp_perfmap_find_in(struct cp_elf_source source, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg);

#endif
