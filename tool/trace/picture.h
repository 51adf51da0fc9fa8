// SPDX-License-Identifier: MIT
// The picture of the summary: a line a thread, a column a piece of the time.
#ifndef CPROF_TOOL_TRACE_PICTURE_H
#define CPROF_TOOL_TRACE_PICTURE_H

#include "view.h"

/** The lines of these threads, and what their signs mean. */
void picture_draw(const struct view *v, const uint32_t *threads, uint32_t n);

#endif
