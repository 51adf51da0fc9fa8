// SPDX-License-Identifier: MIT
// Names of code that a JIT compiler made, from what it says of it in /tmp/perf-PID.map, as perf reads it
// (node --perf-basic-prof, python -X perf, jcmd PID Compiler.perfmap). Private to tool/attach.
#ifndef CPROF_TOOL_ATTACH_PERFMAP_H
#define CPROF_TOOL_ATTACH_PERFMAP_H

#include "base/arena.h"

struct profile;

/** Names the addresses in the process's memory that is no file's. Without a map nothing changes. */
void perfmap_name(struct arena *a, int pid, struct profile *p);

#endif
