// SPDX-License-Identifier: MIT
// One line of the shell that asks for a report: `top 20 main -cum >out`.
#ifndef CPROF_TOOL_DRIVER_SHELL_COMMAND_H
#define CPROF_TOOL_DRIVER_SHELL_COMMAND_H

#include "command.h"

struct shell_command {
	const struct command *command;
	const char *param;    // its regexp, where it has one
	struct config config; // the current options and those of this line
	const char *pager;    // the shell command behind '|', or NULL
};

/** The words of a line, separated by blanks; NULL-terminated. */
char **shell_split(struct arena *a, const char *line, size_t *n_out);

/** Understands a line by the current options, which stay as they are. */
struct err *shell_parse(struct arena *a, const char *line, const struct config *current,
		struct shell_command *out);

#endif
