// SPDX-License-Identifier: MIT
// Context: SIG. The signals we use, and the application's own actions for them.
//
// Our handler stays for the life of the process once it is installed: SIG_DFL with a tick pending
// would kill. What the application sets or asks for that signal meanwhile is kept beside, and
// signals that are not ours reach it.
#ifndef CPROF_KIND_SIGNAL_HOOK_H
#define CPROF_KIND_SIGNAL_HOOK_H

#include "sigsafe/sigmask.h"
#include "sigsafe/types.h"

/** The action as the application sees it; fields are those of struct sigaction. */
struct cp_action {
	uintptr_t handler; // 0 SIG_DFL, 1 SIG_IGN
	uint64_t flags;
	uint64_t mask;
};

/** What we use signals for, one each. */
enum cp_signal_use {
	CP_SIGNAL_CPU,     // ticks
	CP_SIGNAL_THREADS, // asks a thread for its stack
	CP_SIGNAL_USES,
};

/** The signal our handler is installed for; 0: none yet. */
int cp_signal_of(enum cp_signal_use use);

static inline int cp_signal_ours(void)
{
	return cp_signal_of(CP_SIGNAL_CPU);
}

/** Those that are ours by now. */
uint64_t cp_signal_mask_of_ours(void);

/**
 * Blocks the application's signals in the calling thread and returns the mask there was. Ours come on: that a thread
 * blocks them is what profiles tell of the thread. For who holds what a recording's files wait for: the handler
 * of a signal that ends the process waits for the files (record/finish_hook.h), and would wait for whom it interrupts.
 */
uint64_t cp_signal_block_app(void);

/** One of ours, whatever for. */
bool cp_signal_is_ours(int sig);

/** From now on `sig` is ours; `app` is what the application had. */
void cp_signal_take(enum cp_signal_use use, int sig, const struct cp_action *app);

/** What sigaction(2) does, on the application's action for a signal of ours. Either may be NULL. */
void cp_signal_swap_app_action(int sig, const struct cp_action *action, struct cp_action *old_out);

/** The application has a handler of its own for a signal of ours. */
bool cp_signal_is_handled_by_app(int sig);

/** From now on, for good: the application has set a handler of its own for sig. */
void cp_signal_note_app_handler(int sig);

/** The signals it has set one for. */
uint64_t cp_signal_app_handled(void);

/** A signal that is not from us: the application's handler is called as the kernel would call it.
 *  Where it has none the signal is dropped; cp_signal_is_end() says where it should not be. */
void cp_signal_pass_on(int sig, void *info, void *ucontext);

/** Without us this signal, which is not from us, would end the process: somebody has sent it, and it has its default.
 *  Timers' may be late ticks of ours. */
bool cp_signal_is_end(int sig, const void *info);

/** By its default. In a handler of ours. */
void cp_signal_die_of(int sig);

typedef void cp_signal_end_fn(int sig);

/** fn writes what would be lost where cp_signal_end() ends the process. */
void cp_signal_before_end(cp_signal_end_fn *fn);

/** cp_signal_die_of(), when all is written. */
void cp_signal_end(int sig);

/** The handler that is really installed for sig, asked from the kernel; and its flags and mask. */
void cp_signal_query_kernel(int sig, struct cp_action *action_out);

/** Where sigaction() is a sanitizer's, it has put a handler of its own in place: ours is put back. ThreadSanitizer's
 *  keeps signals until the program calls libc next, and one of each, so a loop had no sample but at its end; ours may
 *  come anywhere, and calls nobody. */
void cp_signal_make_direct(int sig, uintptr_t handler);

/** sig has no handler: the program has taken ours away by system calls of its own, and ticks would end it. */
bool cp_signal_is_deadly(int sig);

/** In a fork child: locks are free. Context: FORK. */
void cp_signal_reset_in_child(void);

#endif
