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
#include "sigsafe/tracer.h"
#include "signal_hook.h"

struct owned {
	_Atomic int sig;
	struct cp_lock lock;
	_Atomic uint32_t version;
	struct cp_action copies[2];
};

static struct owned owned[CP_SIGNAL_USES];
static _Atomic(cp_signal_end_fn *) before_end;
static _Atomic uint64_t app_handled;

int cp_signal_of(enum cp_signal_use use)
{
	return load(&owned[use].sig, acquire);
}

uint64_t cp_signal_mask_of_ours(void)
{
	uint64_t mask = 0;
	for (int use = 0, sig; use < CP_SIGNAL_USES; use++) {
		if ((sig = cp_signal_of(use)) > 0)
			mask |= cp_sigmask_of(sig);
	}
	return mask;
}

uint64_t cp_signal_block_app(void)
{
	return cp_sigmask(CP_SIG_BLOCK, ~(cp_signal_mask_of_ours() | cp_sigmask_of(CP_SIGSETXID)));
}

static struct owned *find(int sig)
{
	for (int use = 0; sig > 0 && use < CP_SIGNAL_USES; use++) {
		if (load(&owned[use].sig, acquire) == sig)
			return &owned[use];
	}
	return NULL;
}

bool cp_signal_is_ours(int sig)
{
	return find(sig) != NULL;
}

static void read_app_action(struct owned *o, struct cp_action *action_out)
{
	uint32_t version;
	do {
		version = load(&o->version, acquire);
		*action_out = o->copies[version & 1];
		fence(acquire);
	} while (load(&o->version, relaxed) - version > 0);
}

static void swap_app_action(struct owned *o, const struct cp_action *action, struct cp_action *old_out)
{
	cp_lock_take(&o->lock);
	uint32_t version = load(&o->version, relaxed);
	if (old_out)
		*old_out = o->copies[version & 1];
	if (action) {
		o->copies[(version + 1) & 1] = *action;
		store(&o->version, version + 1, release);
	}
	cp_lock_release(&o->lock);
}

void cp_signal_swap_app_action(int sig, const struct cp_action *action, struct cp_action *old_out)
{
	struct owned *o = find(sig);
	if (o)
		swap_app_action(o, action, old_out);
}

void cp_signal_take(enum cp_signal_use use, int sig, const struct cp_action *app)
{
	swap_app_action(&owned[use], app, NULL);
	store(&owned[use].sig, sig, release);
}

void cp_signal_reset_in_child(void)
{
	for (int use = 0; use < CP_SIGNAL_USES; use++)
		store(&owned[use].lock.word, 0, relaxed);
}

void cp_signal_query_kernel(int sig, struct cp_action *action_out)
{
	struct sigaction action = {0};
	cp_syscall(SYS_rt_sigaction, sig, NULL, &action, sizeof(action.sa_mask));
	action_out->handler = (uintptr_t)action.sa_handler;
	action_out->flags = action.sa_flags;
	action_out->mask = cp_sigmask_of_set(&action.sa_mask);
}

void cp_signal_make_direct(int sig, uintptr_t handler)
{
	struct sigaction action = {0};
	long ret = cp_syscall(SYS_rt_sigaction, sig, NULL, &action, sizeof(action.sa_mask));
	if (ret < 0 || (uintptr_t)action.sa_handler == handler)
		return;
	action.sa_handler = (__sighandler_t)handler; // what returns from it is libc's, which sigaction() has put there
	cp_syscall(SYS_rt_sigaction, sig, &action, NULL, sizeof(action.sa_mask));
}

bool cp_signal_is_deadly(int sig)
{
	struct sigaction action = {.sa_handler = SIG_IGN}; // for where a filter of system calls lets nobody ask
	cp_syscall(SYS_rt_sigaction, sig, NULL, &action, sizeof(action.sa_mask));
	return action.sa_handler == SIG_DFL;
}

void cp_signal_note_app_handler(int sig)
{
	if (sig > 0 && sig <= CP_SIG_MAX)
		atomic_fetch_or(&app_handled, cp_sigmask_of(sig)); // before the kernel knows it
}

uint64_t cp_signal_app_handled(void)
{
	return load(&app_handled, seq_cst);
}

bool cp_signal_is_handled_by_app(int sig)
{
	struct cp_action app = {0};
	struct owned *o = find(sig);
	if (o)
		read_app_action(o, &app);
	return app.handler > (uintptr_t)SIG_IGN;
}

bool cp_signal_is_end(int sig, const void *info)
{
	int code = ((const siginfo_t *)info)->si_code;
	struct cp_action app = {.handler = (uintptr_t)SIG_IGN};
	struct owned *o = find(sig);
	if (o)
		read_app_action(o, &app);
	if (app.handler != (uintptr_t)SIG_DFL || (code != SI_USER && code != SI_TKILL && code != SI_QUEUE))
		return false;
	// One that has held a tick of ours back delivers it as if it had sent it.
	return code != SI_USER || ((const siginfo_t *)info)->si_pid != cp_tracer_pid();
}

void cp_signal_die_of(int sig)
{
	struct sigaction action = {0};
	cp_syscall(SYS_rt_sigaction, sig, &action, NULL, sizeof(action.sa_mask));
	// Not while it is blocked: a tick may be pending, beside which the kernel keeps no second signal, and which it
	// drops if its timer is gone.
	cp_sigmask(CP_SIG_UNBLOCK, cp_sigmask_of(sig));
	cp_syscall(SYS_tgkill, cp_getpid(), cp_gettid(), sig, 0);
}

void cp_signal_before_end(cp_signal_end_fn *fn)
{
	store(&before_end, fn, release);
}

void cp_signal_end(int sig)
{
	cp_signal_end_fn *fn = load(&before_end, acquire);
	if (fn)
		fn(sig);
	cp_signal_die_of(sig);
}

void cp_signal_pass_on(int sig, void *info, void *ucontext)
{
	struct cp_action app = {0};
	struct owned *o = find(sig);
	if (o)
		read_app_action(o, &app);
	if (app.handler <= (uintptr_t)SIG_IGN)
		return;
	if (app.flags & SA_RESETHAND)
		cp_signal_swap_app_action(sig, &(struct cp_action){0}, NULL);
	// Our handler blocks all; his runs under the interrupted code's mask and what he asked for.
	uint64_t mask = cp_sigmask_of_set(&((const struct ucontext *)ucontext)->uc_sigmask) | app.mask;
	if (!(app.flags & SA_NODEFER))
		mask |= cp_sigmask_of(sig);
	uint64_t ours_mask = cp_sigmask(CP_SIG_SETMASK, mask);
	if (app.flags & SA_SIGINFO)
		((void (*)(int, void *, void *))app.handler)(sig, info, ucontext);
	else
		((void (*)(int))app.handler)(sig);
	cp_sigmask_restore(ours_mask);
}
