// SPDX-License-Identifier: MIT
// Context: CTL. Profiles that count stacks (threads, threadcreate, custom ones), written as Go writes them.
#ifndef CPROF_KIND_COUNTS_H
#define CPROF_KIND_COUNTS_H

#include <cprof/pprof.h>

#include "sigsafe/stacktab.h"

/** Where a stack's numbers are in its values[]. */
enum cp_counts_value { CP_COUNTS_COUNT, CP_COUNTS_SECOND };

struct cp_counts {
	const char *name;        // of the profile, and of its first sample type, whose unit is "count"
	const char *second_type; // of a second number; NULL: there is none
	const char *second_unit;
	const char *shown_type; // of the two, to who names none; NULL: the second
	const char *comment; // NULL: none. proto only
	/** Counts above zero are written; the low half of a stack's tag is the id of its labels. */
	struct cp_stacktab *stacks;
};

/** debug 0: gzip'd profile.proto, 1 and above: text. */
int cp_counts_write(const struct cp_counts *c, struct cprof_writer writer, int debug);

#endif
