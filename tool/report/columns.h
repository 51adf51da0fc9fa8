// SPDX-License-Identifier: MIT
// Tab-separated text into right-aligned columns. A cell is what a tab ends; adjoining lines that have
// the cell share its width, the text after a line's last tab belongs to no column. These are the rules of
// Go's text/tabwriter, on which -tags stands.
#ifndef CPROF_TOOL_REPORT_COLUMNS_H
#define CPROF_TOOL_REPORT_COLUMNS_H

#include "base/buf.h"
#include "base/str.h"

void columns_align_right(struct str text, struct buf *out);

#endif
