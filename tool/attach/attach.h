// SPDX-License-Identifier: MIT
// `cprof attach PID`: a CPU profile of a program that runs already. Called by tool/driver.
#ifndef CPROF_TOOL_ATTACH_H
#define CPROF_TOOL_ATTACH_H

#include "tool/env.h"

/** argv[0]: "attach". The exit status. */
int attach_main(const struct env *env, int argc, char **argv);

#endif
