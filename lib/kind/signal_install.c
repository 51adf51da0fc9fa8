// SPDX-License-Identifier: MIT
// Context: CTL. See signal_install.h.
#include "signal_install.h"

#include <errno.h>
#include <signal.h>

static bool is_free(int sig)
{
	struct cp_action action;
	cp_signal_query_kernel(sig, &action);
	return action.handler == (uintptr_t)SIG_DFL || (sig == SIGPROF && action.handler == (uintptr_t)SIG_IGN);
}

/** Ticks are SIGPROF, unless the program uses it. Else the highest real-time signal it does not: those are
 *  queued, so that none is lost behind another. */
static int pick_signal(enum cp_signal_use use)
{
	if (use == CP_SIGNAL_CPU && is_free(SIGPROF))
		return SIGPROF;
	for (int sig = SIGRTMAX; sig > SIGRTMIN; sig--) {
		if (!cp_signal_is_ours(sig) && is_free(sig))
			return sig;
	}
	return -EUSERS;
}

int cp_signal_install(enum cp_signal_use use, cp_signal_handler *handler)
{
	int sig = cp_signal_of(use);
	if (sig > 0)
		return sig;
	sig = pick_signal(use);
	if (sig < 0)
		return sig;
	struct cp_action app;
	cp_signal_query_kernel(sig, &app);
	struct sigaction action = {
		.sa_sigaction = (void (*)(int, siginfo_t *, void *))handler,
		.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK,
	};
	// No other handler comes in between: it could jump out (siglongjmp) and leave our work half done.
	sigfillset(&action.sa_mask);
	if (sigaction(sig, &action, NULL) < 0)
		return -errno;
	cp_signal_make_direct(sig, (uintptr_t)handler);
	cp_signal_take(use, sig, &app);
	return sig;
}
