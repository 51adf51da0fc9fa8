// SPDX-License-Identifier: MIT
// What is about to be run: where it is, and whether a library can be put into it.
#ifndef CPROF_RUN_TARGET_H
#define CPROF_RUN_TARGET_H

#include <stdbool.h>

#include "base/arena.h"

struct target {
	const char *path;    // NULL: not found, see error
	int error;           // errno of the search
	const char *obstacle; // why it can have no profile ("is statically linked"), NULL: it can
	bool is_foreign;      // that is because glibc's loader has no part in it, else nothing keeps us from it
};

/** Finds `name` as execvp() would and looks at the file, through #! lines to the interpreter. */
struct target target_find(struct arena *a, const char *name);

#endif
