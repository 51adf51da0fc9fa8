// SPDX-License-Identifier: MIT
// Go's %q: a string in double quotes with what is not printable escaped, for error texts; and the shell's quotes.
#ifndef CPROF_BASE_QUOTE_H
#define CPROF_BASE_QUOTE_H

#include "arena.h"
#include "str.h"

char *quote_go(struct arena *a, struct str s);

/** A file's name as a shell takes it: itself where that will do, patterns too, else in single quotes. */
const char *quote_shell(struct arena *a, const char *name);

#endif
