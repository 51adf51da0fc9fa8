// SPDX-License-Identifier: MIT
// The outside world as the tool sees it: three streams, what is behind them, the environment. main()
// fills it from the process; a test fills it from temporary files.
#ifndef CPROF_TOOL_ENV_H
#define CPROF_TOOL_ENV_H

#include <stdbool.h>
#include <stdio.h>

struct env {
	FILE *in, *out, *err;
	bool in_is_terminal, out_is_terminal;
	bool err_has_colour; // and other escapes work
	bool is_interactive; // the shell or the web pages run: nobody waits for this command's end
	/** An environment variable; NULL where it is not set. */
	const char *(*get)(const char *name);
};

struct env env_of_process(void);

/** A variable's value, or `otherwise` where it is unset or empty. */
const char *env_or(const struct env *env, const char *name, const char *otherwise);

/** One message to the user on the error stream, with an end of line where it lacks one. Safe from
 *  several threads: a message is one write. */
void env_say(const struct env *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The same for what went wrong: red on a terminal. */
void env_warn(const struct env *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A line on the terminal that the next message or progress overwrites; nothing where stderr is none. */
void env_progress(const struct env *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
