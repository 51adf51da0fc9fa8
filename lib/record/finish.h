// SPDX-License-Identifier: MIT
// Context: CTL. Writes files before a signal ends the process: see finish_hook.h.
#ifndef CPROF_RECORD_FINISH_H
#define CPROF_RECORD_FINISH_H

#include <stdbool.h>

struct cp_finish_how {
	// Or NULL. While the program has but one thread this is called instead, within the handler, and waits for no
	// lock. The thread of ours then comes with the program's second: one more would be enough for libc to take all
	// its locks for good, malloc's at each call.
	void (*alone)(void);
	bool exits_zero; // of SIGINT and SIGTERM the process does not die
	bool opens_all;  // finish() needs no descriptor but what it opens itself: see has_own_files in own_thread.h
};

/**
 * From now on the signals of finish_hook.h, where the program does not ignore them, first have finish(sig) called,
 * once, on a thread of ours. Then the program's handler is called, if it had one; else the process dies of the
 * signal, or (exits_zero) ends by exit status 0. A handler the program sets later replaces ours.
 * Several may watch; what one of them needs is so for all. -EAGAIN, -ENOMEM: there can be no thread; -ENOSPC: too
 * many watch.
 */
int cp_finish_watch(void (*finish)(int sig), const struct cp_finish_how *how);

/** Its files are written. Once nobody watches, signals do what they did before. Also from within finish(). */
void cp_finish_unwatch(void (*finish)(int sig));

#endif
