// SPDX-License-Identifier: MIT
// Context: CTL. Writes files before a signal ends the process: see finish_hook.h.
#ifndef CPROF_RECORD_FINISH_H
#define CPROF_RECORD_FINISH_H

#include <stdbool.h>

/**
 * From now on SIGINT, SIGTERM and SIGABRT, where the program does not ignore them, first have finish(sig) called,
 * once, on a thread of ours. Then the program's handler is called, if it has one by now; else the process dies of
 * the signal, or (exits_zero, not for SIGABRT) ends by exit status 0. A handler the program sets later replaces
 * ours. -EAGAIN, -ENOMEM: there can be no thread.
 */
int cp_finish_watch(void (*finish)(int sig), bool exits_zero);

/** It is written: signals do what they did before. Also from within finish(). */
void cp_finish_unwatch(void);

#endif
