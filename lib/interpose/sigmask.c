// SPDX-License-Identifier: MIT
// Context: SIG. Threads that block all signals as the first thing they do mean those that the program knows of. With
// ours among them their time had no stacks: that of rsyslog's workers, 99 % of all, and half of unbound's.
#include <signal.h>

#include "kind/signal_hook.h"
#include "next.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/sys.h"
#include "visible.h"

CP_NEXT(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *old), (how, set, old))

/**
 * Who does not ask which mask there was will not restore it: it is no section in which no handler may run, such as
 * around a fork() whose child gives all signals their defaults. Nor is there one by the process's first thread, as
 * postgres has them, nor where the program uses our signal. Those of ours for which it is so.
 */
static uint64_t blocked_for_good(int how, const sigset_t *set, const sigset_t *old)
{
	uint64_t ours = cp_signal_mask_of_ours();
	if (!ours || !set || old || how == SIG_UNBLOCK || cp_gettid() == cp_getpid())
		return 0;
	for (int use = 0; use < CP_SIGNAL_USES; use++) {
		int sig = cp_signal_of(use);
		if (sig > 0 && cp_signal_is_handled_by_app(sig))
			ours &= ~cp_sigmask_of(sig);
	}
	return ours & cp_sigmask_of_set(set);
}

CP_VISIBLE int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	uint64_t ours = blocked_for_good(how, set, old);
	if (!ours)
		return next_pthread_sigmask(how, set, old);
	sigset_t before;
	int ret = next_pthread_sigmask(how, set, &before);
	ours &= ~cp_sigmask_of_set(&before); // what was blocked stays so: it is the end of an inner section
	if (ret == 0 && ours)
		cp_sigmask(CP_SIG_UNBLOCK, ours);
	return ret;
}
