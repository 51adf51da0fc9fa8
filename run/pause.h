// SPDX-License-Identifier: MIT
// Stopping with a child that was stopped.
#ifndef CPROF_RUN_PAUSE_H
#define CPROF_RUN_PAUSE_H

#include <sys/types.h>

/** Stops this process, as the shell has to see it, until somebody continues it, or the child alone. In the
 *  first case the child is continued, too. All signals are blocked. */
void pause_with(pid_t child);

#endif
