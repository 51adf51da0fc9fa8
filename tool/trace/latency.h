// SPDX-License-Identifier: MIT
// The summary's tables of what the program marked itself: how long its tasks and regions took.
#ifndef CPROF_TOOL_TRACE_LATENCY_H
#define CPROF_TOOL_TRACE_LATENCY_H

#include "view.h"

void latency_of_tasks(const struct view *v);
void latency_of_regions(const struct view *v);

#endif
