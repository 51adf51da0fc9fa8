// SPDX-License-Identifier: MIT
// Context: SIG. A signal of ours belongs to us while our handler is installed, and the program does not
// notice: what it sets is kept, told back when it asks, and called for those that are not from us.
// Those that end a process whose files are still to be written (record/finish_hook.h) are the program's, but
// their default is ours. All other signals pass straight through.
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "kind/cpu_hook.h"
#include "kind/dump_signal_hook.h"
#include "kind/signal_hook.h"
#include "kind/threads_hook.h"
#include "kind/trace_crash_hook.h"
#include "next.h"
#include "record/finish_hook.h"
#include "visible.h"

CP_NEXT(int, sigaction, (int sig, const struct sigaction *action, struct sigaction *old), (sig, action, old))
CP_NEXT(sighandler_t, signal, (int sig, sighandler_t handler), (sig, handler))
CP_NEXT(sighandler_t, sysv_signal, (int sig, sighandler_t handler), (sig, handler))
CP_NEXT(sighandler_t, sigset, (int sig, sighandler_t handler), (sig, handler))
CP_NEXT(int, sigignore, (int sig), (sig))
CP_NEXT(int, siginterrupt, (int sig, int interrupt), (sig, interrupt))

int cp_next_sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	return next_sigaction(sig, action, old);
}

static void to_libc(const struct cp_action *from, struct sigaction *to)
{
	memset(to, 0, sizeof(*to));
	to->sa_handler = (sighandler_t)from->handler;
	to->sa_flags = (int)from->flags;
	memcpy(&to->sa_mask, &from->mask, sizeof(from->mask));
}

static void from_libc(const struct sigaction *from, struct cp_action *to)
{
	to->handler = (uintptr_t)from->sa_handler;
	to->flags = (uint64_t)(unsigned)from->sa_flags;
	memcpy(&to->mask, &from->sa_mask, sizeof(to->mask));
}

static void note_handler(int sig, uintptr_t handler)
{
	static void (*const ours[])(int, void *, void *) = {
			cp_cpu_on_signal, cp_threads_on_signal, cp_dump_signal_handle, cp_trace_on_crash};
	bool is_ours = handler <= (uintptr_t)SIG_IGN || handler == (uintptr_t)SIG_HOLD;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		is_ours |= handler == (uintptr_t)ours[i];
	if (!is_ours)
		cp_signal_note_app_handler(sig);
}

/// Those whose default is ours

static bool is_finish_handler(uintptr_t handler)
{
	return handler == (uintptr_t)cp_finish_on_signal;
}

static int set_finish_action(int sig, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction ours, before;
	bool is_default = action && action->sa_handler == SIG_DFL && cp_finish_watches(sig);
	if (is_default) {
		ours = *action;
		ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
		ours.sa_sigaction = (void (*)(int, siginfo_t *, void *))cp_finish_on_signal;
	}
	int ret = next_sigaction(sig, is_default ? &ours : action, &before);
	if (ret == 0 && old && is_finish_handler((uintptr_t)before.sa_sigaction)) {
		struct cp_action app;
		cp_finish_app_action(sig, &app);
		to_libc(&app, old);
	} else if (ret == 0 && old) {
		*old = before;
	}
	if (ret == 0 && is_default)
		cp_finish_set_default(sig);
	return ret;
}

/** What a function of the signal() family is to do for `sig`: set the default, which is ours, or what `next` does;
 *  and return. */
static sighandler_t set_finish_handler(int sig, sighandler_t handler, sighandler_t (*next)(int, sighandler_t))
{
	struct sigaction action = {.sa_handler = SIG_DFL}, old;
	if (handler == SIG_DFL && cp_finish_watches(sig))
		return set_finish_action(sig, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
	sighandler_t before = next(sig, handler);
	if (!is_finish_handler((uintptr_t)before))
		return before;
	struct cp_action app;
	cp_finish_app_action(sig, &app);
	return (sighandler_t)app.handler;
}

/// All

CP_VISIBLE int sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	uintptr_t handler = action ? (uintptr_t)action->sa_sigaction : 0;
	note_handler(sig, handler);
	bool is_handler_itself =
		handler == (uintptr_t)cp_cpu_on_signal || handler == (uintptr_t)cp_threads_on_signal;
	if (!cp_signal_is_ours(sig) || is_handler_itself)
		return set_finish_action(sig, action, old);
	struct cp_action ours, ours_old;
	if (action)
		from_libc(action, &ours);
	cp_signal_swap_app_action(sig, action ? &ours : NULL, &ours_old);
	if (old)
		to_libc(&ours_old, old);
	return 0;
}

/** Sets handler and flags for our signal, returns what was there: the signal() family. */
static sighandler_t set_handler(int sig, sighandler_t handler, uint64_t flags)
{
	struct cp_action action = {.handler = (uintptr_t)handler, .flags = flags};
	struct cp_action old;
	cp_signal_swap_app_action(sig, &action, &old);
	return (sighandler_t)old.handler;
}

CP_VISIBLE sighandler_t signal(int sig, sighandler_t handler)
{
	note_handler(sig, (uintptr_t)handler);
	if (!cp_signal_is_ours(sig))
		return set_finish_handler(sig, handler, next_signal);
	return set_handler(sig, handler, SA_RESTART);
}

CP_VISIBLE sighandler_t sysv_signal(int sig, sighandler_t handler)
{
	note_handler(sig, (uintptr_t)handler);
	if (!cp_signal_is_ours(sig))
		return set_finish_handler(sig, handler, next_sysv_signal);
	return set_handler(sig, handler, SA_RESETHAND | SA_NODEFER);
}

CP_VISIBLE sighandler_t sigset(int sig, sighandler_t handler)
{
	note_handler(sig, (uintptr_t)handler);
	if (!cp_signal_is_ours(sig) || handler == SIG_HOLD)
		return set_finish_handler(sig, handler, next_sigset);
	return set_handler(sig, handler, 0);
}

CP_VISIBLE int sigignore(int sig)
{
	if (!cp_signal_is_ours(sig))
		return next_sigignore(sig);
	set_handler(sig, SIG_IGN, 0);
	return 0;
}

CP_VISIBLE int siginterrupt(int sig, int interrupt)
{
	// Ours restarts system calls whatever the program prefers: it must not notice our ticks.
	if (!cp_signal_is_ours(sig))
		return next_siginterrupt(sig, interrupt);
	return 0;
}
