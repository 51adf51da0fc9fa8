// SPDX-License-Identifier: MIT
// A timeline as a Perfetto trace, for ui.perfetto.dev and trace_processor: waits, regions and tasks are slices,
// wakes and logs instants, a flow leads from each wake to who was woken, CPU samples are callstack samples.
#ifndef CPROF_TOOL_TRACE_PERFETTO_H
#define CPROF_TOOL_TRACE_PERFETTO_H

#include "base/buf.h"
#include "timeline.h"

/** `out` may flow. Adds a few strings to t->symbols, nothing else changes. */
void perfetto_encode(struct timeline *t, struct buf *out);

#endif
