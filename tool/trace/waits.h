// SPDX-License-Identifier: MIT
// The summary's tables of waits: the locks and the places most was waited for, and the longest waits.
#ifndef CPROF_TOOL_TRACE_WAITS_H
#define CPROF_TOOL_TRACE_WAITS_H

#include "view.h"

/** By lock, where it is one; else by the place that called. */
void waits_grouped(const struct view *v, enum timeline_state state, const char *title);

/** Single waits for locks and in system calls, with who ended them. */
void waits_longest(const struct view *v);

#endif
