// SPDX-License-Identifier: MIT
// Context: SIG. See signal_hook.h.
//
// The application's action is kept twice: writers (rare, locked) fill the copy that is not current
// and then bump the version; a handler takes the current copy and looks again if two writes went
// over it.
#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>

#include <string.h>

#include "sigsafe/atomic.h"
#include "sigsafe/lock.h"
#include "sigsafe/sys.h"
#include "signal_hook.h"

static struct {
	_Atomic int sig;
	struct cp_lock lock;
	_Atomic uint32_t version;
	struct cp_action copies[2];
} ours;

int cp_signal_ours(void)
{
	return load(&ours.sig, acquire);
}

static void read_app_action(struct cp_action *action_out)
{
	uint32_t version;
	do {
		version = load(&ours.version, acquire);
		*action_out = ours.copies[version & 1];
		fence(acquire);
	} while (load(&ours.version, relaxed) - version > 0);
}

void cp_signal_swap_app_action(const struct cp_action *action, struct cp_action *old_out)
{
	cp_lock_take(&ours.lock);
	uint32_t version = load(&ours.version, relaxed);
	if (old_out)
		*old_out = ours.copies[version & 1];
	if (action) {
		ours.copies[(version + 1) & 1] = *action;
		store(&ours.version, version + 1, release);
	}
	cp_lock_release(&ours.lock);
}

void cp_signal_take(int sig, const struct cp_action *app)
{
	cp_signal_swap_app_action(app, NULL);
	store(&ours.sig, sig, release);
}

void cp_signal_reset_in_child(void)
{
	store(&ours.lock.word, 0, relaxed);
}

/** The kernel's sigset_t: a word, or a structure of one. */
static uint64_t mask_word(const sigset_t *set)
{
	uint64_t mask;
	memcpy(&mask, set, sizeof(mask));
	return mask;
}

void cp_signal_query_kernel(int sig, struct cp_action *action_out)
{
	struct sigaction action = {0};
	cp_syscall(SYS_rt_sigaction, sig, NULL, &action, sizeof(action.sa_mask));
	action_out->handler = (uintptr_t)action.sa_handler;
	action_out->flags = action.sa_flags;
	action_out->mask = mask_word(&action.sa_mask);
}

void cp_signal_pass_on(int sig, void *info, void *ucontext)
{
	struct cp_action app;
	read_app_action(&app);
	if (app.handler <= (uintptr_t)SIG_IGN)
		return;
	if (app.flags & SA_RESETHAND)
		cp_signal_swap_app_action(&(struct cp_action){0}, NULL);
	// Our handler blocks all; his runs under the interrupted code's mask and what he asked for.
	uint64_t mask = mask_word(&((const struct ucontext *)ucontext)->uc_sigmask) | app.mask;
	if (!(app.flags & SA_NODEFER))
		mask |= cp_sigmask_of(sig);
	uint64_t ours_mask = cp_sigmask(CP_SIG_SETMASK, mask);
	if (app.flags & SA_SIGINFO)
		((void (*)(int, void *, void *))app.handler)(sig, info, ucontext);
	else
		((void (*)(int))app.handler)(sig);
	cp_sigmask_restore(ours_mask);
}
