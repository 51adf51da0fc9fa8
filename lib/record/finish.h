// SPDX-License-Identifier: MIT
// Context: CTL. Writes files before a signal ends the process: see finish_hook.h.
#ifndef CPROF_RECORD_FINISH_H
#define CPROF_RECORD_FINISH_H

#include <stdbool.h>

/**
 * From now on the signals of finish_hook.h, where the program does not ignore them, first have finish(sig) called,
 * once, on a thread of ours. Then the program's handler is called, if it had one; else the process dies of the
 * signal, or (exits_zero: SIGINT and SIGTERM) ends by exit status 0. A handler the program sets later replaces ours.
 * Several may watch. opens_all: finish() needs no descriptor but what it opens itself; where that is so for all of
 * them, the thread is one with has_own_files (own_thread.h).
 * -EAGAIN, -ENOMEM: there can be no thread; -ENOSPC: too many watch.
 */
int cp_finish_watch(void (*finish)(int sig), bool exits_zero, bool opens_all);

/** Its files are written. Once nobody watches, signals do what they did before. Also from within finish(). */
void cp_finish_unwatch(void (*finish)(int sig));

#endif
