// SPDX-License-Identifier: MIT
// The process as the outside world, and messages to its user (see tool/env.h).
#include "tool/env.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"

static const char *get(const char *name)
{
	return getenv(name);
}

struct env env_of_process(void)
{
	return (struct env){
			.in = stdin,
			.out = stdout,
			.err = stderr,
			.in_is_terminal = term_is_tty(stdin),
			.out_is_terminal = term_is_tty(stdout),
			.err_has_colour = term_has_colour(stderr),
			.get = get,
	};
}

const char *env_or(const struct env *env, const char *name, const char *otherwise)
{
	const char *value = env->get(name);
	return value && *value ? value : otherwise;
}

// What a line of progress may have left.
static const char *clear_line(const struct env *env)
{
	return env->err_has_colour ? "\r\033[K" : "";
}

static void say(const struct env *env, const char *colour, const char *fmt, va_list ap)
{
	char *text;
	int len = vasprintf(&text, fmt, ap);
	if (len < 0)
		return;
	const char *end = len && text[len - 1] == '\n' ? "" : "\n";
	flockfile(env->err);
	fprintf(env->err, "%s%s%s%s%s", clear_line(env), colour, text, *colour ? "\033[0m" : "", end);
	fflush(env->err);
	funlockfile(env->err);
	free(text);
}

void env_say(const struct env *env, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(env, "", fmt, ap);
	va_end(ap);
}

void env_warn(const struct env *env, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(env, env->err_has_colour ? "\033[31m" : "", fmt, ap);
	va_end(ap);
}

void env_progress(const struct env *env, const char *fmt, ...)
{
	va_list ap;
	if (!env->err_has_colour)
		return;
	va_start(ap, fmt);
	flockfile(env->err);
	fputs(clear_line(env), env->err);
	vfprintf(env->err, fmt, ap);
	fflush(env->err);
	funlockfile(env->err);
	va_end(ap);
}
