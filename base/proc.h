// SPDX-License-Identifier: MIT
// Whose process numbers /proc has.
#ifndef CPROF_BASE_PROC_H
#define CPROF_BASE_PROC_H

#include <stdbool.h>

/** False: those of another PID namespace (unshare --pid --fork, and no /proc mounted since), or there is none. */
bool proc_is_ours(void);

#endif
