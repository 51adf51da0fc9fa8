// SPDX-License-Identifier: MIT
// Command line flags in Go's syntax: -x and --x alike, -x=v, -x v where x is no boolean; the first word
// that is no flag, or --, ends them. The caller gives a table that says where each value goes.
#ifndef CPROF_BASE_FLAG_H
#define CPROF_BASE_FLAG_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum flag_kind { FLAG_BOOL, FLAG_INT, FLAG_FLOAT, FLAG_STRING };

struct flag {
	const char *name; // without dashes
	enum flag_kind kind;
	void *value; // bool *, int *, double * or const char **; holds the default until set
};

struct flag_result {
	int first_arg;      // index in argv of the first word that is no flag
	bool asks_for_help; // -h or -help, where the table has neither
};

/** Strings stay those of argv. The error's words are those of Go's flag package. */
struct err *flag_parse(struct arena *a, const struct flag *flags, size_t nflags, int argc,
		const char *const *argv, struct flag_result *out);

#endif
