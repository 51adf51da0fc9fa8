// SPDX-License-Identifier: MIT
// What the program says about itself.
#ifndef CPROF_TOOL_DRIVER_HELP_H
#define CPROF_TOOL_DRIVER_HELP_H

#include <stdbool.h>

#include "base/buf.h"

/** `cprof help`: how to start, commands, options, by group. */
void help_usage(struct buf *out);

/** Three lines for who made a mistake. */
void help_short_usage(struct buf *out);

/** The shell's `help`. */
void help_shell(struct buf *out);

/** On one command, option or choice; false where there is none of that name. */
bool help_topic(const char *name, bool in_shell, struct buf *out);

#endif
