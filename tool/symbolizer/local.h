// SPDX-License-Identifier: MIT
// Symbolization from binaries on this machine. Called by symbolizer.c.
#ifndef CPROF_TOOL_SYMBOLIZER_LOCAL_H
#define CPROF_TOOL_SYMBOLIZER_LOCAL_H

#include <stdbool.h>

#include "tool/symbolizer/symbolizer.h"

/** names_only: no files and lines. force: also mappings that have symbols already. Failures are
 *  warnings, one a mapping, and leave what the profile says. */
void local_symbolize(struct profile *p, struct arena *a, bool names_only, bool force,
		const struct symbolize_options *o);

#endif
