// SPDX-License-Identifier: MIT
// From what `perf record` wrote to a profile, without perf or perf_to_profile at hand. Called by
// tool/driver's fetching for files that begin with "PERFILE2".
//
// Each event gives two sample types, as perf_to_profile names them: EVENT_sample/count and EVENT_event in
// the event's unit; a recording of one CPU clock alone gives samples/count and cpu/nanoseconds, so that it
// compares with any other CPU profile. Samples carry comm, pid and tid as labels. Kernel frames belong to
// the mapping "[kernel.kallsyms]…". Where samples brought their stacks along (--call-graph dwarf), unwind.c walks
// them; what cannot be walked ends in a frame that says so, as in profiles of libcprof.
#ifndef CPROF_TOOL_PERFDATA_H
#define CPROF_TOOL_PERFDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

struct profile;

/** Of either byte order; only the machine's own can be read. */
static inline bool perfdata_is(const void *data, size_t len)
{
	return len >= 8 && (memcmp(data, "PERFILE2", 8) == 0 || memcmp(data, "2ELIFREP", 8) == 0);
}

/** Bytes are only read. Errors live in `a`; the profile is the caller's to destroy. */
struct err *perfdata_parse(struct arena *a, const void *data, size_t len, struct profile **profile_out);

#endif
