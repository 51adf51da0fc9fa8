// SPDX-License-Identifier: MIT
// Where a report goes: to a file, to the terminal, through graphviz, to a viewer.
#ifndef CPROF_TOOL_DRIVER_DELIVER_H
#define CPROF_TOOL_DRIVER_DELIVER_H

#include "analysis.h"

/** Makes the report and delivers it. `pager`, a shell command, gets what would go to the terminal; NULL
 *  for none. Errors live in `a`. */
struct err *deliver_report(struct arena *a, const struct session *s, const struct command *c,
		const char *param, const struct config *config, const char *pager);

#endif
