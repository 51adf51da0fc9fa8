// SPDX-License-Identifier: MIT
// Context: CTL. The locations, functions and mappings of a profile that is being written.
#ifndef CPROF_WRITE_NAMES_H
#define CPROF_WRITE_NAMES_H

#include "format/profwrite.h"
#include "idmap.h"
#include "locations.h"
#include "strings.h"

/** Zero it to start. */
struct cp_names {
	struct cp_strings strings;
	struct cp_locations locations;
	struct cp_idmap functions, mappings;
	uint32_t strings_written; // by earlier calls of cp_names_write()
};

/** Writes the mapping of the program itself: pprof takes the first one for it. */
bool cp_names_write_main(struct cp_names *n, struct profwrite_sink *sink);

/** Looks up and writes all that is new. false: no memory. */
bool cp_names_write(struct cp_names *n, struct profwrite_sink *sink);

void cp_names_free(struct cp_names *n);

#endif
