// SPDX-License-Identifier: MIT
// Errors of the tool: NULL is fine, else a message in an arena, wrapped with context as it rises
// ("fetching http://…: unexpected status 404"). One place prints it (tool/driver).
#ifndef CPROF_BASE_ERR_H
#define CPROF_BASE_ERR_H

#include "arena.h"

struct err {
	const char *message;
};

/** A new error with a printf'ed message. */
struct err *err_new(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** An errno in the words of error texts: "no such file or directory". */
const char *err_os(struct arena *a, int errnum);

/** "context: message"; NULL stays NULL. */
struct err *err_wrap(struct arena *a, struct err *e, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

#endif
