// SPDX-License-Identifier: MIT
// What the user of the shell may ask for next: while the last report is read, tree and dot are made; and of all
// samples, if no filter is set, top of other granularities and what weblist and disasm add up. They are thrown away.
// What these found out about the samples stays in the pass cache (tool/graph/pass_cache.h), which calls this in its
// thread and ends it with cancel_work() before the next report.
#ifndef CPROF_TOOL_DRIVER_GUESS_H
#define CPROF_TOOL_DRIVER_GUESS_H

#include "analysis.h"

struct guess {
	const struct session *session;
	struct config config; // what it is made with
	bool is_done;
};

/**
 * Whether anything is to be made under these options; if so, guess_make() takes them from now on. Not while it is
 * running.
 */
bool guess_is_due(struct guess *g, const struct config *config);

/** Makes what is due of a struct guess. */
void guess_make(void *guess);

#endif
