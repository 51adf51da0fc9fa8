// SPDX-License-Identifier: MIT
// Context: SIG. Directories of numbers in /proc (task, fd), read without opendir's malloc.
#ifndef CPROF_SIGSAFE_TASKDIR_H
#define CPROF_SIGSAFE_TASKDIR_H

#include "types.h"

/** Calls fn for each number in the directory. 0 or a negative errno. */
int cp_taskdir_each(const char *path, void (*fn)(int number, void *arg), void *arg);

/** Calls fn for each thread of this process. -EXDEV: /proc is that of another PID namespace (unshare --pid --fork, and
 *  no /proc mounted since), whose ids are not ours. */
int cp_taskdir_threads(void (*fn)(int tid, void *arg), void *arg);

/** How many there are; 0 where it cannot be read. */
int cp_taskdir_count(const char *path);

#endif
