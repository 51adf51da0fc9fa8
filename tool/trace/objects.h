// SPDX-License-Identifier: MIT
// The names of locks that are variables of the program: the trace has their addresses, the binaries' symbol
// tables the rest.
#ifndef CPROF_TOOL_TRACE_OBJECTS_H
#define CPROF_TOOL_TRACE_OBJECTS_H

#include "timeline.h"

/** Sets object_name of the spans, where the binary is at hand and is the one the trace is of. */
void objects_name(struct timeline *t, struct arena *a);

#endif
