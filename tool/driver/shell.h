// SPDX-License-Identifier: MIT
// The interactive shell: pprof's grammar, on a terminal with line editing, completion and a history, from
// a pipe a line at a time.
#ifndef CPROF_TOOL_DRIVER_SHELL_H
#define CPROF_TOOL_DRIVER_SHELL_H

#include "analysis.h"

/** Greets, then reads and obeys until the input ends. `config`: what the command line set. */
struct err *shell_run(struct arena *a, const struct session *s, const struct config *config);

#endif
