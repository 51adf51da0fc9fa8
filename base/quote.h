// SPDX-License-Identifier: MIT
// Go's %q: a string in double quotes with what is not printable escaped. Error texts use it.
#ifndef CPROF_BASE_QUOTE_H
#define CPROF_BASE_QUOTE_H

#include "arena.h"
#include "str.h"

char *quote_go(struct arena *a, struct str s);

#endif
