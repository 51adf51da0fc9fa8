// SPDX-License-Identifier: MIT
// Context: SIG. Signals that end the process while files are still to be written: the handler has them
// written by a thread (finish.c) and waits; then the signal does what it would have done without us. Where the
// program has one thread there is none of ours, and the handler writes them itself.
// SIGINT, SIGTERM and SIGABRT are taken for the end also where the program has a handler, others only where
// they kill.
//
// The program does not see our handler: where it asks it is told of its own, or of the default.
#ifndef CPROF_RECORD_FINISH_HOOK_H
#define CPROF_RECORD_FINISH_HOOK_H

#include "kind/signal_hook.h"

enum { CP_FINISH_SIGNALS = 8 };

typedef void cp_finish_alone_fn(void);

struct cp_finish_shared {
	_Atomic int pid;          // of the process whose end is watched; 0: none is, or the files are written
	_Atomic uint32_t nasked;  // a futex: handlers that ran
	_Atomic uint32_t is_done; // a futex: they may go on
	_Atomic int sig;          // the first that came
	_Atomic int end_pid, end_sig; // the process that dies of it, or ends by it, once all is written
	_Atomic bool exits_zero;  // as Go's: not die of SIGINT and SIGTERM, but exit(0)
	_Atomic(cp_finish_alone_fn *) alone; // writes them within the handler; NULL: the thread does
	struct {
		int sig;
		bool is_end; // whatever the program's handler does
		_Atomic uintptr_t handler; // the program's: 0 SIG_DFL, or a function; see struct cp_action
		uint64_t flags, mask;
	} app[CP_FINISH_SIGNALS];
};

extern struct cp_finish_shared cp_finish;

/** The handler. */
void cp_finish_on_signal(int sig, void *info, void *ucontext);

/** The process dies of sig, of which it is the CPU profile's handler that tells: it is none of those above. */
void cp_finish_before_end(int sig);

/**
 * Where another thread's handler has the process end, it ends so here, once the files are written; else nothing: who
 * exits meanwhile would not have come so far without us, nor would what follows an exec.
 */
void cp_finish_end_if_due(void);

/** It is one of them, and watched in this process. */
bool cp_finish_watches(int sig);

/** The program's own action for a signal whose handler is ours. */
void cp_finish_app_action(int sig, struct cp_action *action_out);

/** The program has made it the default again. */
void cp_finish_set_default(int sig);

/** The program is about to make a thread: then there can be ours, too. Context: CTL. */
void cp_finish_before_thread(void);

#endif
