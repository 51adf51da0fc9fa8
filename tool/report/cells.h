// SPDX-License-Identifier: MIT
// The pieces of a report's lines: values, percentages, padding. Private to tool/report.
#ifndef CPROF_TOOL_REPORT_CELLS_H
#define CPROF_TOOL_REPORT_CELLS_H

#include "tool/report/report.h"

/** s, right-aligned in `width` columns; a character is a column, however many bytes it has. */
void put_right(struct buf *out, struct str s, size_t width);
/** A value in the report's unit, right-aligned. */
void put_value(const struct report *r, int64_t v, size_t width, struct buf *out);
/** The same, but "." for nothing. */
void put_value_or_dot(const struct report *r, int64_t v, size_t width, struct buf *out);
/** "12.34%" of the report's total, or of another. */
void put_percent(int64_t v, int64_t total, struct buf *out);
/** The same without leading blanks. */
void put_percent_bare(int64_t v, int64_t total, struct buf *out);

#endif
