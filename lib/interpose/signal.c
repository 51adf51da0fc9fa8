// SPDX-License-Identifier: MIT
// Context: SIG. A signal of ours belongs to us while our handler is installed, and the program does not
// notice: what it sets is kept, told back when it asks, and called for those that are not from us.
// All other signals pass straight through.
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "kind/cpu_hook.h"
#include "kind/signal_hook.h"
#include "kind/threads_hook.h"
#include "next.h"
#include "visible.h"

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

CP_VISIBLE int sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	uintptr_t handler = action ? (uintptr_t)action->sa_sigaction : 0;
	bool is_handler_itself =
		handler == (uintptr_t)cp_cpu_on_signal || handler == (uintptr_t)cp_threads_on_signal;
	if (!cp_signal_is_ours(sig) || is_handler_itself)
		return cp_next()->sigaction(sig, action, old);
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
	if (!cp_signal_is_ours(sig))
		return cp_next()->signal(sig, handler);
	return set_handler(sig, handler, SA_RESTART);
}

CP_VISIBLE sighandler_t sysv_signal(int sig, sighandler_t handler)
{
	if (!cp_signal_is_ours(sig))
		return cp_next()->sysv_signal(sig, handler);
	return set_handler(sig, handler, SA_RESETHAND | SA_NODEFER);
}

CP_VISIBLE sighandler_t sigset(int sig, sighandler_t handler)
{
	if (!cp_signal_is_ours(sig) || handler == SIG_HOLD)
		return cp_next()->sigset(sig, handler);
	return set_handler(sig, handler, 0);
}

CP_VISIBLE int sigignore(int sig)
{
	if (!cp_signal_is_ours(sig))
		return cp_next()->sigignore(sig);
	set_handler(sig, SIG_IGN, 0);
	return 0;
}

CP_VISIBLE int siginterrupt(int sig, int interrupt)
{
	// Ours restarts system calls whatever the program prefers: it must not notice our ticks.
	if (!cp_signal_is_ours(sig))
		return cp_next()->siginterrupt(sig, interrupt);
	return 0;
}
