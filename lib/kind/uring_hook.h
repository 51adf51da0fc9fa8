// SPDX-License-Identifier: MIT
// Context: SIG. Waits for completions of io_uring that a signal of ours ended. io_uring_enter(2)
// tells EINTR at any signal, whatever SA_RESTART says, and liburing hands that to programs, many of
// which end for it. It calls the kernel by an instruction of its own, so that nothing can stand in
// for it (interpose/again.h): the handler itself has the thread make the call again, of which all
// arguments are in the registers still.
//
// On x86-64 alone: elsewhere the result has taken the place of the first argument.
#ifndef CPROF_KIND_URING_HOOK_H
#define CPROF_KIND_URING_HOOK_H

#include <stdbool.h>

/** What a handler interrupted comes out of such a wait, with nothing done and no time that has run.
 * Not where seccomp may be asked: it calls io_uring_enter itself. */
bool cp_uring_is_cut(const void *ucontext);

/** It waits again when the handler has returned. */
void cp_uring_go_on(void *ucontext);

#endif
