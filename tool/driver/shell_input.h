// SPDX-License-Identifier: MIT
// Lines for the shell: with editing, history and completion from a terminal, as they come from a pipe.
#ifndef CPROF_TOOL_DRIVER_SHELL_INPUT_H
#define CPROF_TOOL_DRIVER_SHELL_INPUT_H

#include "tool/env.h"

#include "complete.h"

struct shell_input;

/** The history is kept in $XDG_STATE_HOME/cprof/history. The tab key offers the profile's names. */
struct shell_input *shell_input_open(struct arena *a, const struct env *env, const struct profile *p);

/** The next line without its end, valid until the next call; NULL at the end of the input. */
const char *shell_input_line(struct shell_input *in);

void shell_input_close(struct shell_input *in);

#endif
