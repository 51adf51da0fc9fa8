// SPDX-License-Identifier: MIT
// `cprof push -to URL|FOLDER SOURCE...`: profiles of programs behind a firewall, to a Pyroscope server that cannot
// ask for them itself; or to files, of which the last ones are kept.
#ifndef CPROF_TOOL_PUSH_H
#define CPROF_TOOL_PUSH_H

#include "tool/env.h"

/** argv[0]: "push". The exit status. */
int push_main(const struct env *env, int argc, char **argv);

#endif
