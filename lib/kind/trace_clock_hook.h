// SPDX-License-Identifier: MIT
// Context: SIG. From ticks to nanoseconds of CLOCK_MONOTONIC.
//
// Both are read together from time to time; between two such points the one is a straight line of the other. A
// point never changes once it is there, so what was told of a tick is told again, and time does not go back.
#ifndef CPROF_KIND_TRACE_CLOCK_HOOK_H
#define CPROF_KIND_TRACE_CLOCK_HOOK_H

#include "sigsafe/types.h"

struct cp_trace_point {
	uint64_t ticks, ns;
};

/** Both clocks, now. */
struct cp_trace_point cp_trace_clock_read(void);

/** A point for good. One caller at a time. */
void cp_trace_clock_add(struct cp_trace_point point);

/** now: a point that is newer than all that were added, or the newest. */
uint64_t cp_trace_clock_ns(uint64_t ticks, struct cp_trace_point now);

#endif
