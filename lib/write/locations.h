// SPDX-License-Identifier: MIT
// Context: CTL. The distinct addresses of some stacks, and their names in one pass a module.
//
// While stacks come, a location is only a number: a module and an address. When names are wanted, the
// locations that are new are sorted by module and address and handed out in groups, one a module, as
// lib/symbol wants them.
#ifndef CPROF_WRITE_LOCATIONS_H
#define CPROF_WRITE_LOCATIONS_H

#include "idmap.h"
#include "sigsafe/modmap.h"
#include "sigsafe/pagealloc.h"
#include "symbol/symbolize.h"

// Spaces of location keys that are no module's id.
enum { CP_SPACE_NO_MODULE = -1, CP_SPACE_MARKER = -2 };

/** Zero it to start. */
struct cp_locations {
	struct cp_idmap ids;
	uint32_t grouped; // by earlier calls of cp_locations_group()
	const struct cp_module *last; // a stack's pcs often lie in the same module
	uint32_t last_epoch;
	struct cp_arena scratch; // of cp_locations_group(), and between two calls of it whoever's
	char *room;              // of it, for cp_symbolize(); NULL: not asked for
};

/** The id of the location of a stack's entry, 0: no memory. See cp_unwind() for what pc is. */
uint32_t cp_locations_intern(struct cp_locations *l, uintptr_t pc, bool is_leaf, uint32_t epoch);

/** One module's new locations, sorted by address: vaddr is relative to the module where there is one
 *  (module NULL: a raw address, or a marker where space says so), id the location's. */
typedef bool cp_locations_group_fn(void *arg, uint64_t space, const struct cp_module *module,
		struct cp_symbol_query *queries, size_t nqueries);

/** Calls fn for each group of locations that came since the last call. false: no memory, or fn's. */
bool cp_locations_group(struct cp_locations *l, cp_locations_group_fn *fn, void *arg);

/** The function names of a group's locations; a marker's is not among them. */
void cp_locations_symbolize(struct cp_locations *l, uint64_t space, const struct cp_module *module,
		struct cp_symbol_query *queries, size_t nqueries, cp_symbol_found *found, void *arg);

void cp_locations_free(struct cp_locations *l);

#endif
