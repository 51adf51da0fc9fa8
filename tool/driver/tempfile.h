// SPDX-License-Identifier: MIT
// Numbered files: prefix001suffix is the first that does not exist yet. For reports nobody named, saved
// copies, and what viewers are shown.
#ifndef CPROF_TOOL_DRIVER_TEMPFILE_H
#define CPROF_TOOL_DRIVER_TEMPFILE_H

#include "base/err.h"
#include "base/str.h"

/** Creates the file in dir ("" is the current one) and writes `content` to it. */
struct err *tempfile_write(struct arena *a, const char *dir, const char *prefix, const char *suffix,
		struct str content, const char **path_out);

/** Deletes it when the program ends. */
void tempfile_delete_at_exit(const char *path);

#endif
