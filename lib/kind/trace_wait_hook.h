// SPDX-License-Identifier: MIT
// Context: SIG. Waits in the execution trace, and who ended them.
//
// Whoever lets others go on leaves a note at the object's address; who goes on looks there. The notes are a
// small table that the newest wins, so a note may be missing, but none is wrong by more than a lock that was
// released twice.
#ifndef CPROF_KIND_TRACE_WAIT_HOOK_H
#define CPROF_KIND_TRACE_WAIT_HOOK_H

#include "contention_hook.h"
#include "trace_hook.h"

void cp_trace_wait_begin(const struct cp_wait_site *site, const void *object);

/** object NULL: nobody leaves notes for such waits. */
void cp_trace_wait_end(const void *object, enum cp_wait_outcome outcome);

/** Before others can go on: that they owe it to this thread. Returns the time. */
uint64_t cp_trace_wake_begin(const void *object);

/** When they do: what took that time, recorded as of then. */
void cp_trace_wake_end(const struct cp_wait_site *site, const void *object, uint64_t ticks);

#endif
