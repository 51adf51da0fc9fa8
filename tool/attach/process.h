// SPDX-License-Identifier: MIT
// What a running process is, read from /proc before its recording begins. Private to tool/attach.
#ifndef CPROF_TOOL_ATTACH_PROCESS_H
#define CPROF_TOOL_ATTACH_PROCESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct perf_recording;
struct profile;

/** "redis-server"; "?" where it is gone. */
const char *process_name(struct arena *a, int pid);

/** Of its children the one that has used most processor's time since it began; 0: none has used any. */
int process_busiest_child(struct arena *a, int pid);

/** The path of its executable file, as process_rename_mappings() leaves it; "" where it cannot be read. */
const char *process_program(struct arena *a, int pid);

/** Tells the recording the names of its threads and what is mapped, the kernel included where that is shown. */
void process_describe(struct arena *a, int pid, bool with_kernel, struct perf_recording *r);

/** Gives the mappings the paths that the process knows, once nobody need open them. */
void process_rename_mappings(int pid, struct profile *p);

#endif
