// SPDX-License-Identifier: MIT
// Context: SIG. The last moment before this process image goes without running destructors: exec, _exit.
#ifndef CPROF_INTERPOSE_LEAVE_H
#define CPROF_INTERPOSE_LEAVE_H

#include <stdbool.h>

/** exits: for good; else by exec, which may fail. */
typedef void cp_leave_fn(bool exits);

/** fn, too, is called before this process leaves, once however often it is given. It must not block for long.
 *  Context: CTL. */
void cp_leave_call(cp_leave_fn *fn);

/** Somebody is to be called in this process, and may be. Context: SIG. */
bool cp_leave_is_due(void);

/** In the child of fork(): what its parent was to do at the end is not the child's. Context: FORK. */
void cp_leave_reset_in_child(void);

/**
 * Called by what stands in for exec and _exit. Does nothing in a child that shares our memory (vfork)
 * or has a copy of it (fork), nor in a signal handler that interrupted it. Context: SIG.
 */
void cp_leave(bool exits);

/** fn takes away what the process leaves outside of its files, where it ends by _exit or daemon(). It may be called in
 *  a signal handler. Context: CTL. */
void cp_end_call(void (*fn)(void));

/** cp_leave(true), what cp_end_call() was given, and a signal's end that is due (record/finish_hook.h): the process
 *  does not come back from what follows. Context: SIG. */
void cp_end(void);

/** The latter alone. Context: SIG. */
void cp_tidy(void);

/** The system call itself; or another libcprof's that is behind this one, as the injected one is where the program is
 *  linked with ours. */
__attribute__((visibility("hidden"))) long cp_next_end(long number, long status);

/** cp_end(), and the end of the process. `number` is not looked at: syscall(SYS_exit_group, status) jumps here. */
__attribute__((visibility("hidden"))) _Noreturn void cp_exit_group_syscall(long number, long status);

/** fn ends all that we do in this process, for good. Context: CTL. */
void cp_retire_call(void (*fn)(void));

/** Where the program is about to enter a sandbox we would be killed in. Context: CTL. */
void cp_retire(void);

#endif
