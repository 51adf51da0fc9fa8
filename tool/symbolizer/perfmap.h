// SPDX-License-Identifier: MIT
// Names of code that a JIT compiler made, from what it says of it in /tmp/perf-PID.map, as perf
// reads it (node --perf-basic-prof, python -X perf, jcmd PID Compiler.perfmap). tool/perfdata names
// the mappings of such code after that file; called by local.c for them.
#ifndef CPROF_TOOL_SYMBOLIZER_PERFMAP_H
#define CPROF_TOOL_SYMBOLIZER_PERFMAP_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "tool/symbolizer/frame.h"

bool perfmap_is_file(struct str file);

/** addresses: ascending. frames_out[i].n is 0 where nothing is known. An error where none can be. */
struct err *perfmap_lookup(struct arena *a, struct str file, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out);

#endif
