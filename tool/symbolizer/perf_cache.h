// SPDX-License-Identifier: MIT
// The files that `perf record` keeps copies of, by their build ids: a program may have been built anew since, or be
// gone. Called by local.c, and by tool/perfdata for unwind tables, where the file itself is not what was mapped.
#ifndef CPROF_TOOL_SYMBOLIZER_PERF_CACHE_H
#define CPROF_TOOL_SYMBOLIZER_PERF_CACHE_H

#include "base/arena.h"
#include "base/str.h"

/** Where its copy is if there is one; NULL where that cannot be said. */
const char *perf_cache_path(struct arena *a, struct str build_id);

#endif
