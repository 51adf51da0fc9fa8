// SPDX-License-Identifier: MIT
// The parts of a drawing in graphviz' language. Private to tool/report.
#ifndef CPROF_TOOL_REPORT_DOT_H
#define CPROF_TOOL_REPORT_DOT_H

#include "tool/report/formats.h"

/** s inside double quotes: \ and " escaped, line ends as \l (left-justified). */
void dot_escape(struct str s, struct buf *out);

/** "#rrggbb" for a share between -1 (green) and 1 (red), 0 is grey; paler where is_background. */
void dot_color(double share, bool is_background, struct buf *out);

/** The boxes of a node's tags; returns whether there are any. */
bool dot_tags(const struct report *r, struct graph *g, uint32_t node, uint32_t number, struct buf *out);

#endif
