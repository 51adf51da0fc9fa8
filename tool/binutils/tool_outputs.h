// SPDX-License-Identifier: MIT
// What object tools print, for who cannot wait for it: the web server, which has others to answer. A report that asks
// is told nothing and what it asks for is noted; once that has been run, in a thread, the report is made anew.
#ifndef CPROF_TOOL_BINUTILS_TOOL_OUTPUTS_H
#define CPROF_TOOL_BINUTILS_TOOL_OUTPUTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct tool_output;

/** Of one page, say. Zeroed: none yet. */
struct tool_outputs {
	struct arena arena;
	struct tool_output *first, *last;
};

/** Appends what argv (NULL-terminated) prints, as subprocess_output() does. Where it has not been run yet that is
 *  nothing, and no error. o NULL: runs it now. */
struct err *tool_outputs_get(struct tool_outputs *o, struct arena *a, const char *const argv[], struct buf *out);

/** Were any asked for that have not been run? */
bool tool_outputs_are_missing(const struct tool_outputs *o);

/** Runs those, one after the other, unless the other end of the socket client_fd hangs up. */
void tool_outputs_run(struct tool_outputs *o, int client_fd);

void tool_outputs_deinit(struct tool_outputs *o);

#endif
