// SPDX-License-Identifier: MIT
// Context: CTL. The lists of loaded modules that the loader keeps for debuggers, one a namespace: they need no lock of
// its own to be looked at, but may change meanwhile.
#ifndef CPROF_SYMBOL_DEBUG_LIST_H
#define CPROF_SYMBOL_DEBUG_LIST_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/** The program's own; NULL: it is not known. `program`, its entry in dl_iterate_phdr(), leads there. */
const struct r_debug_extended *debug_list(const struct dl_phdr_info *program);

/** The first of the other namespaces, and then r_next; NULL: there are none. */
const struct r_debug_extended *debug_list_others(const struct r_debug_extended *own);

/** Some thread, perhaps this one, is changing a list. */
bool debug_list_is_in_flux(void);

/** Differs when something has come or gone. */
struct debug_list_state {
	uint64_t nmodules, sum;
};

struct debug_list_state debug_list_state(void);

#endif
