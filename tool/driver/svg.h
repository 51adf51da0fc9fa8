// SPDX-License-Identifier: MIT
// Making graphviz's SVG fill its window and follow mouse, wheel and fingers.
#ifndef CPROF_TOOL_DRIVER_SVG_H
#define CPROF_TOOL_DRIVER_SVG_H

#include "base/buf.h"

/** Rewrites the image in place; one that does not look like graphviz's stays as it is. */
void svg_make_movable(struct buf *image);

#endif
