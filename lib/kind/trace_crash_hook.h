// SPDX-License-Identifier: MIT
// Context: SIG. The flight recorder's last words: when a signal is about to end the process, what the buffers
// hold is written, and then the signal does what it would have done.
#ifndef CPROF_KIND_TRACE_CRASH_HOOK_H
#define CPROF_KIND_TRACE_CRASH_HOOK_H

#include <limits.h>

#include "sigsafe/types.h"

enum { CP_TRACE_CRASH_SIGNALS = 5 };

extern const int cp_trace_crash_signals[CP_TRACE_CRASH_SIGNALS];

/** What the handler needs, made before. */
struct cp_trace_crash {
	char path[PATH_MAX]; // "": nothing is written
	uint64_t min_age_ns;
	struct cp_trace_sink *sink;
};

extern struct cp_trace_crash cp_trace_crash;

/** Keeps what the signal does now; false: it leads to our handler already. Context: CTL. */
bool cp_trace_crash_keep(int index);

/** What it did before us it does again, unless somebody has set something else. */
void cp_trace_crash_restore(int index);

/** The handler. Types are plain here so that nobody's signal.h is needed. */
void cp_trace_on_crash(int sig, void *info, void *ucontext);

#endif
