// SPDX-License-Identifier: MIT
// From a trace file's bytes to a timeline.
#ifndef CPROF_TOOL_TRACE_LOAD_H
#define CPROF_TOOL_TRACE_LOAD_H

#include "base/err.h"
#include "timeline.h"

/** Bytes are only read; they may be anybody's. Errors live in `a`. The timeline is the caller's to destroy. */
struct err *trace_load(struct arena *a, const void *data, size_t len, struct timeline **timeline_out);

#endif
