// SPDX-License-Identifier: MIT
// Context: SIG. Threads that block all signals as the first thing they do mean those that the program knows of. With
// ours among them their time had no stacks: that of rsyslog's workers, 99 % of all, and half of unbound's.
#include <signal.h>

#include "kind/signal_hook.h"
#include "next.h"
#include "sigsafe/sys.h"
#include "visible.h"

CP_NEXT(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *old), (how, set, old))

/**
 * Who does not ask which mask there was will not restore it: it is no section in which no handler may run, such as
 * around a fork() whose child gives all signals their defaults. Nor is there one by the process's first thread, as
 * postgres has them, nor does the program use our signal.
 */
static bool is_for_good(int how, const sigset_t *set, const sigset_t *old, int ours)
{
	return ours && set && !old && how != SIG_UNBLOCK && sigismember(set, ours) == 1 &&
	       cp_gettid() != cp_getpid() && !cp_signal_is_handled_by_app(ours);
}

CP_VISIBLE int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	int ours = cp_signal_ours();
	if (!is_for_good(how, set, old, ours))
		return next_pthread_sigmask(how, set, old);
	sigset_t before;
	int ret = next_pthread_sigmask(how, set, &before);
	if (ret == 0 && sigismember(&before, ours) == 0) // else it is the end of an inner section
		cp_sigmask(CP_SIG_UNBLOCK, cp_sigmask_of(ours));
	return ret;
}
