// SPDX-License-Identifier: MIT
// Context: SIG. See cut_hook.h.
#include "cut_hook.h"

#include "contention_hook.h"
#include "signal_hook.h"

/** A signal of the program's may have come, too, whose handler runs next: the call is to end. */
static bool may_be_for_program(const void *ucontext, bool is_confined)
{
	uint64_t pending = 0;
	if (!cp_signal_has_app_handlers())
		return false;
	if (is_confined || cp_syscall(SYS_rt_sigpending, &pending, sizeof(pending), 0, 0) < 0)
		return true;
	return (pending & ~cp_ucontext_mask(ucontext) & ~cp_signal_mask_of_ours()) != 0;
}

CP_NEAR void cp_cut_look(const void *ucontext, bool is_confined)
{
	struct cp_regs regs;
	if (cp_calls_are_off())
		return;
	cp_regs_from_ucontext(&regs, ucontext);
	if (cp_cut_comes_of(&regs) && !may_be_for_program(ucontext, is_confined))
		cp_cut_note();
}
