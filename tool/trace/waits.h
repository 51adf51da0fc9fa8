// SPDX-License-Identifier: MIT
// The summary's tables of waits: the locks and the places most was waited for, and the longest waits.
#ifndef CPROF_TOOL_TRACE_WAITS_H
#define CPROF_TOOL_TRACE_WAITS_H

#include "view.h"

/** Locks, each with all who waited for it. */
void waits_of_locks(const struct view *v);

/** System calls (STATE_SYSCALL or STATE_NETWORK), by the place that called. */
void waits_of_calls(const struct view *v, enum timeline_state state, const char *title);

/** Single waits for locks and in system calls, with who ended them. */
void waits_longest(const struct view *v);

#endif
