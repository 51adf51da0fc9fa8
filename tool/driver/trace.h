// SPDX-License-Identifier: MIT
// `cprof trace`: looks at execution traces.
#ifndef CPROF_TOOL_DRIVER_TRACE_H
#define CPROF_TOOL_DRIVER_TRACE_H

#include "tool/env.h"

/** argv[0] is "trace". Returns the exit status. */
int trace_main(const struct env *env, int argc, const char *const *argv);

#endif
