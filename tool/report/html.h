// SPDX-License-Identifier: MIT
// Text into HTML, escaped as Go's html/template escapes it. Of tool/report and tool/web.
#ifndef CPROF_TOOL_REPORT_HTML_H
#define CPROF_TOOL_REPORT_HTML_H

#include "base/buf.h"

void put_html(struct buf *out, struct str text);

#endif
