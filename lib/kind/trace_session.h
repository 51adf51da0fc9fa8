// SPDX-License-Identifier: MIT
// Context: CTL. What trace.c, trace_recorder.c and trace_keeper.c share.
//
// Two locks of cp_trace_shared, in this order: `control`, of who starts and stops, and `turn`, of who writes or looks.
// A writer's callback runs under them: whoever calls us from there gets -EBUSY.
#ifndef CPROF_KIND_TRACE_SESSION_H
#define CPROF_KIND_TRACE_SESSION_H

#include "target.h"
#include "trace.h"
#include "trace_dump_hook.h"

/// trace.c

/** Takes `control`, as cp_turn_take() does. In a copy of a process that traced, nothing is on after it. */
int cp_trace_control(void);
void cp_trace_control_end(void);

/** Switches `mode` (a bit of cp_trace_mode) on, with so many buffers. Under `control` and `turn`. */
int cp_trace_switch_on(unsigned mode, uint32_t nbuffers);

/** Under `control`, not `turn`: the keeper may be in it. */
void cp_trace_switch_off(unsigned mode);

/// trace_keeper.c

enum { CP_TRACE_STREAM_BUFFERS = 4096 }; // 32 MiB: what threads may be ahead of the file

/** The file that grows. Under `turn`. */
struct cp_trace_stream {
	struct cp_target target;
	struct cp_trace_sink *sink; // made once, never freed
	bool is_on;
	bool has_lost_file;    // it is to be begun anew
	uint64_t start_ns;
	uint32_t start_ntaken; // cp_trace_pool_ntaken()
	_Atomic bool is_wanted; // by who ends it: the keeper leaves the rest to him
};

extern struct cp_trace_stream cp_trace_stream;

int cp_trace_keeper_start(void);
void cp_trace_keeper_stop(void);

/** Tables and full buffers into the file; not all of those while it is wanted. Under `turn`. */
void cp_trace_stream_flush(void);

#endif
