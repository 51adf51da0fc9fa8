// SPDX-License-Identifier: MIT
// Context: SIG. The handler of dump_signal.c, which only wakes a thread of ours.
#ifndef CPROF_KIND_DUMP_SIGNAL_HOOK_H
#define CPROF_KIND_DUMP_SIGNAL_HOOK_H

#include "sigsafe/types.h"

struct cp_dump_signal {
	_Atomic uint32_t nasked; // a futex: grows with each signal
	_Atomic int pid;         // whose thread waits there; 0: nobody's
};

extern struct cp_dump_signal cp_dump_signal;

/** In a child of fork(), which has no such thread, the signal does what it does by default. */
void cp_dump_signal_handle(int sig, void *info, void *ucontext);

#endif
