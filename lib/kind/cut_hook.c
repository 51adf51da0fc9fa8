// SPDX-License-Identifier: MIT
// Context: SIG. See cut_hook.h.
#include <signal.h>

#include "cut_hook.h"

#include "signal_hook.h"
#include "uring_hook.h"

/** The program has handlers that may run in this thread as soon as ours has. Those of faults run where the fault is,
 *  and no wait is for them: crash reporters have some, and Rust gives them to every program. */
static bool has_app_handlers(const void *ucontext)
{
	uint64_t faults = cp_sigmask_of(SIGSEGV) | cp_sigmask_of(SIGBUS) | cp_sigmask_of(SIGFPE) |
			cp_sigmask_of(SIGILL) | cp_sigmask_of(SIGTRAP) | cp_sigmask_of(SIGSYS) |
			cp_sigmask_of(SIGABRT);
	return (cp_signal_app_handled() & ~faults & ~cp_ucontext_mask(ucontext)) != 0;
}

/** A signal of the program's may have come, too, whose handler runs next: the call is to end. */
static bool may_be_for_program(const void *ucontext, bool is_confined)
{
	uint64_t pending = 0;
	if (is_confined || cp_syscall(SYS_rt_sigpending, &pending, sizeof(pending), 0, 0) < 0)
		return true;
	return (pending & ~cp_ucontext_mask(ucontext) & ~cp_signal_mask_of_ours()) != 0;
}

CP_NEAR void cp_cut_look(void *ucontext, bool is_confined, bool is_seldom)
{
	struct cp_regs regs;
	bool is_uring = !is_confined && cp_uring_is_cut(ucontext);
	cp_regs_from_ucontext(&regs, ucontext);
	if (!is_uring && !cp_cut_comes_of(&regs))
		return;
	bool is_alone = !has_app_handlers(ucontext);
	if (!is_alone && may_be_for_program(ucontext, is_confined))
		return;
	if (!is_uring)
		cp_cut_note(is_alone || is_seldom);
	else if (is_alone || is_seldom)
		cp_uring_go_on(ucontext);
}
