// SPDX-License-Identifier: MIT
// Context: CTL. A profile that can be looked up by name (Go's *pprof.Profile) and the list of them all.
#ifndef CPROF_KIND_KIND_H
#define CPROF_KIND_KIND_H

#include <cprof/pprof.h>

struct cprof_profile {
	const char *name;
	/** debug 0: gzip'd profile.proto; 1: text; 2: what only threads have. */
	int (*write)(const struct cprof_profile *p, struct cprof_writer writer, int debug);
	/** Distinct stacks (of threads: threads). */
	uint64_t (*count)(const struct cprof_profile *p);
};

/** NULL: there is none of that name. */
const struct cprof_profile *cp_kind_lookup(const char *name);

/** Calls fn for each, sorted by name, until it returns non-zero. */
void cp_kind_each(int (*fn)(const struct cprof_profile *, void *), void *arg);

#endif
