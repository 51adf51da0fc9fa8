// SPDX-License-Identifier: MIT
// Context: SIG. See cut_hook.h.
#include "cut_hook.h"

#include "contention_hook.h"
#include "signal_hook.h"

/** A signal of the program's came, too, and its handler runs next: the call is to end. */
static bool is_for_program(const void *ucontext)
{
	uint64_t pending = 0;
	if (cp_syscall(SYS_rt_sigpending, &pending, sizeof(pending), 0, 0) < 0)
		return false;
	return (pending & ~cp_ucontext_mask(ucontext) & ~cp_signal_mask_of_ours()) != 0;
}

void cp_cut_look(const struct cp_regs *regs, const void *ucontext, bool is_confined)
{
	if (cp_cut_comes_of(regs) && (is_confined || !is_for_program(ucontext)))
		cp_cut_note();
}

CP_NEAR void cp_cut_look_from(const void *ucontext, bool is_confined)
{
	struct cp_regs regs;
	if (cp_calls_are_off())
		return;
	cp_regs_from_ucontext(&regs, ucontext);
	cp_cut_look(&regs, ucontext, is_confined);
}
