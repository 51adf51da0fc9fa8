// SPDX-License-Identifier: MIT
// Context: CTL. The execution trace: into a file while it goes on, and the flight recorder, which keeps the last
// seconds in memory. Both may be on at once; they share the buffers, and the keeper.
#ifndef CPROF_KIND_TRACE_H
#define CPROF_KIND_TRACE_H

#include <cprof/pprof.h>
#include <cprof/trace.h>

/** As cprof_trace_start() and cprof_trace_stop(). */
int cp_trace_start(struct cprof_writer writer);
int cp_trace_stop(void);
bool cp_trace_is_streaming(void);

/** Writes what there is, where this process image ends without running destructors. Waits for no lock. */
void cp_trace_leave(void);

/** As the functions of <cprof/trace.h>. */
int cp_trace_recorder_start(const struct cprof_flight_recorder_options *options);
int cp_trace_recorder_stop(void);
bool cp_trace_recorder_is_on(void);
int cp_trace_recorder_write(struct cprof_writer writer);

#endif
