// SPDX-License-Identifier: MIT
// Context: SIG. Waiting for signals of a set: see calls.h. Who does takes them before any handler can, and where the
// set is of all there are, ours with them: the program was told of a SIGPROF that nobody had sent, one time in 4,000,
// and dumb-init hands that on to those it looks after, whom it kills. Of what is ours it is told nothing, and the wait
// goes on.
#include <sys/signalfd.h>

#include "again.h"
#include "kind/cpu_hook.h"
#include "kind/signal_hook.h"
#include "kind/threads_hook.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/sys.h"

CP_NEXT_RARE(int, sigwait, (const sigset_t *set, int *sig), (set, sig))
CP_NEXT_RARE(int, sigwaitinfo, (const sigset_t *set, siginfo_t *info), (set, info))
CP_NEXT_RARE(int, sigtimedwait, (const sigset_t *set, siginfo_t *info, const struct timespec *time), (set, info, time))
CP_NEXT_RARE(int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags))
CP_OWN(sigwait, SYSCALL);
CP_OWN(sigwaitinfo, SYSCALL);
CP_OWN(sigtimedwait, SYSCALL);

static bool has_ours(const sigset_t *set)
{
	uint64_t ours = cp_signal_mask_of_ours();
	return ours && set && (cp_sigmask_of_set(set) & ours) != 0;
}

/** Sends the calling thread the signal again, whose handler has it at once. */
static CP_BETWEEN void send_again(int sig, siginfo_t *info)
{
	uint64_t mask = cp_sigmask(CP_SIG_UNBLOCK, cp_sigmask_of(sig));
	cp_syscall(SYS_rt_tgsigqueueinfo, cp_getpid(), cp_gettid(), sig, info);
	cp_sigmask_restore(mask);
}

/** It is a signal of ours that has been waited for, and the program need not know. */
static bool is_none_of_app(int sig, siginfo_t *info)
{
	if (sig > 0 && sig == cp_signal_of(CP_SIGNAL_CPU))
		return cp_cpu_postpone(info);
	if (sig <= 0 || sig != cp_signal_of(CP_SIGNAL_THREADS) || !cp_threads_is_question(info))
		return false;
	if (!load(&cp_cpu_shared.is_confined, relaxed)) // a sandbox may kill for the system calls
		send_again(sig, info);
	return true;
}

/** time: NULL: for ever. */
static CP_BETWEEN int wait_for_app(const sigset_t *set, siginfo_t *info, const struct timespec *time)
{
	struct again a = again_within_time(time);
	struct timespec left;
	for (;;) {
		int sig = time ? next_sigtimedwait(set, info, time) : next_sigwaitinfo(set, info);
		if (!again_is_due(&a, sig) && !is_none_of_app(sig, info))
			return sig;
		again_is_cut(&a); // by the handler, of no call
		if (time) {
			left = again_left(&a);
			time = &left;
		}
	}
}

static CP_BETWEEN int waiting(const struct cp_wait_site *site, const sigset_t *set, siginfo_t *info,
		const struct timespec *time)
{
	siginfo_t unasked;
	struct cp_wait wait = cp_call_begin(site, NULL);
	int sig = wait_for_app(set, info ? info : &unasked, time);
	cp_call_end(&wait, cp_call_outcome(sig));
	return sig;
}

CP_VISIBLE CP_BETWEEN int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	if (cp_calls_are_off() && !has_ours(set))
		return next_sigwaitinfo(set, info);
	return waiting(CP_SITE(sigwaitinfo), set, info, NULL);
}

CP_VISIBLE CP_BETWEEN int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *time)
{
	if (cp_calls_are_off() && !has_ours(set))
		return next_sigtimedwait(set, info, time);
	return waiting(CP_SITE(sigtimedwait), set, info, time);
}

/** It returns its errors, and is ended by no handler. */
CP_VISIBLE CP_BETWEEN int sigwait(const sigset_t *set, int *sig_out)
{
	if (cp_calls_are_off() && !has_ours(set))
		return next_sigwait(set, sig_out);
	int saved_errno = errno, sig;
	do
		sig = waiting(CP_SITE(sigwait), set, NULL, NULL);
	while (sig < 0 && errno == EINTR);
	int error = sig < 0 ? errno : 0;
	errno = saved_errno;
	if (error == 0)
		*sig_out = sig;
	return error;
}

/// A descriptor of signals

/** A set of which few are missing means whatever the program knows of. */
static bool is_of_nearly_all(const sigset_t *set)
{
	enum { FEW = 12, MAX_STANDARD = 31 };
	uint64_t standard = (UINT64_C(1) << MAX_STANDARD) - 1;
	return __builtin_popcountll(cp_sigmask_of_set(set) & standard) >= MAX_STANDARD - FEW;
}

/** Where a thread blocks ours, too, each tick would be read from it. The program's own SIGPROF no longer can be. */
CP_VISIBLE int signalfd(int fd, const sigset_t *set, int flags)
{
	if (!has_ours(set) || !is_of_nearly_all(set))
		return next_signalfd(fd, set, flags);
	sigset_t rest = *set;
	for (int use = 0; use < CP_SIGNAL_USES; use++)
		sigdelset(&rest, cp_signal_of(use)); // 0: an error, and nothing
	return next_signalfd(fd, &rest, flags);
}
