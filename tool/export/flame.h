// SPDX-License-Identifier: MIT
// The stacks of a report as a tree of boxes, for flame graphs: of bounded size, however many stacks the
// profile has.
#ifndef CPROF_TOOL_EXPORT_FLAME_H
#define CPROF_TOOL_EXPORT_FLAME_H

#include "base/buf.h"
#include "tool/report/report.h"

// More than a screen has pixels for, and a megabyte of JSON.
enum { FLAME_MAX_BOXES = 20000 };

/**
 * Writes JSON: the max_boxes widest boxes, each after its caller.
 *
 *	total, unit, output_unit, type, ratio   of the report
 *	is_diff   some values are negative: boxes have a width and a delta
 *	has_more  there are narrower ones
 *	frames    [label, function, file] (lib/http's also: module)
 *	boxes     [frame, index of the caller's box or -1, width, own width (, delta)]
 */
void flame_write(struct report *r, uint32_t max_boxes, struct buf *out);

#endif
