// SPDX-License-Identifier: MIT
// What `cprof trace FILE` prints.
#ifndef CPROF_TOOL_TRACE_SUMMARY_H
#define CPROF_TOOL_TRACE_SUMMARY_H

#include "view.h"

void summary_put(const struct view *v);

#endif
