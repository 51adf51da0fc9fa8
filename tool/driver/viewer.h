// SPDX-License-Identifier: MIT
// Programs that show a file: browsers, image viewers, kcachegrind.
#ifndef CPROF_TOOL_DRIVER_VIEWER_H
#define CPROF_TOOL_DRIVER_VIEWER_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "tool/env.h"

/** Writes content to a temporary file and shows it with the first of `viewers` that starts (browsers
 *  where NULL). Waits for it, unless the session is interactive. */
struct err *viewer_show(struct arena *a, const struct env *env, const char *const *viewers,
		const char *suffix, struct str content);

/** Browsers to try, the user's first; NULL-terminated. */
const char *const *viewer_browsers(struct arena *a, const struct env *env);

/** Starts the first of them on what is named: a file or a URL. */
struct err *viewer_start(struct arena *a, const char *const *viewers, const char *what, pid_t *pid_out);

#endif
