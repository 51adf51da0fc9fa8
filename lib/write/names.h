// SPDX-License-Identifier: MIT
// Context: CTL. The locations, functions and mappings of a profile that is being written.
#ifndef CPROF_WRITE_NAMES_H
#define CPROF_WRITE_NAMES_H

#include "format/profwrite.h"
#include "idmap.h"
#include "sigsafe/modmap.h"
#include "strings.h"

/** Zero it to start. */
struct cp_names {
	struct cp_strings strings;
	struct cp_idmap locations, functions, mappings;
	uint32_t strings_written, locations_written; // by earlier calls of cp_names_write()
	const struct cp_module *last; // a stack's pcs often lie in the same module
	uint32_t last_epoch;
};

/** The id of the location of a stack's entry, 0: no memory. See cp_unwind() for what pc is. */
uint32_t cp_names_location(struct cp_names *n, uintptr_t pc, bool is_leaf, uint32_t epoch);

/** Writes the mapping of the program itself: pprof takes the first one for it. */
bool cp_names_write_main(struct cp_names *n, struct profwrite_sink *sink);

/** Looks up and writes all that is new. false: no memory. */
bool cp_names_write(struct cp_names *n, struct profwrite_sink *sink);

void cp_names_free(struct cp_names *n);

#endif
