// SPDX-License-Identifier: MIT
// A whole file, or all that comes out of a pipe, in pages that can be given back piece by piece.
#ifndef CPROF_TOOL_DRIVER_SLURP_H
#define CPROF_TOOL_DRIVER_SLURP_H

#include <stddef.h>

#include "base/err.h"

struct slurp {
	void *data; // page-aligned
	size_t len;
	size_t mapped_bytes;
};

/** path "-": the standard input. Errors as Go's: "open X: permission denied", "read X: is a directory"; more than
 *  PARSE_MAX_MIB is one, and more than 1 MiB from a device. */
struct err *slurp_file(struct arena *a, const char *path, struct slurp *out);

void slurp_free(struct slurp *s);

#endif
