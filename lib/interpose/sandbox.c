// SPDX-License-Identifier: MIT
// Context: CTL. A program that shuts itself into a sandbox of seccomp, by prctl() or by syscall(SYS_seccomp, ...): one
// of a filter, or the strict one, where all is death but read(), write(), rt_sigreturn() and SYS_exit.
//
// The return from a signal handler is a system call, too. sshd's filter kills the thread that makes it, so a tick in
// the child that reads what strangers send took its main thread away; ours lived on, in a process that was neither
// there nor gone, and its parent waited for ever. So the filter is asked before it is there, and the profiles end
// where it kills for that, or for what handlers and the writing at the end cannot do without.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "kind/cpu_hook.h"
#include "leave.h"
#include "next.h"
#include "sandbox.h"
#include "sigsafe/atomic.h"
#include "sigsafe/safeload.h"
#include "sigsafe/seccomp_filter.h"
#include "visible.h"

// The macro's functions have no ellipsis; what is not given is passed on as it is.
CP_NEXT(int, prctl, (int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d),
		(option, a, b, c, d))

static bool kills_us(const struct sock_fprog *filter)
{
	static const int needed[] = {SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_futex, SYS_getpid, SYS_gettid,
			SYS_clock_gettime, SYS_mmap, SYS_madvise, SYS_munmap, SYS_openat, SYS_write, SYS_close};
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (cp_seccomp_filter_kills(filter, needed[i]))
			return true;
	}
	return false;
}

static bool is_readable(const void *at, size_t nbytes)
{
	enum { PIECE_BYTES = 4096 };
	struct cp_readable range = {0};
	size_t done = 0;
	while (done < nbytes) {
		size_t piece = nbytes - done < PIECE_BYTES ? nbytes - done : PIECE_BYTES;
		if (!cp_readable_extend(&range, (uintptr_t)at + done, piece))
			return false;
		done += piece;
	}
	return nbytes > 0;
}

/** Pointers that lead nowhere are the kernel's to refuse: programs ask so whether it has filters. */
static void meet(const struct sock_fprog *filter)
{
	store(&cp_cpu_shared.is_confined, true, relaxed);
	if (is_readable(filter, sizeof(*filter)) &&
			is_readable(filter->filter, filter->len * sizeof(*filter->filter)) && kills_us(filter))
		cp_retire();
}

void cp_sandbox_before(long operation, const void *filter)
{
	if (operation == SECCOMP_SET_MODE_FILTER)
		meet(filter);
	else if (operation == SECCOMP_SET_MODE_STRICT)
		cp_retire();
}

CP_VISIBLE int prctl(int option, ...)
{
	va_list arguments;
	va_start(arguments, option);
	unsigned long a = va_arg(arguments, unsigned long), b = va_arg(arguments, unsigned long);
	unsigned long c = va_arg(arguments, unsigned long), d = va_arg(arguments, unsigned long);
	va_end(arguments);
	if (option == PR_SET_SECCOMP && a == SECCOMP_MODE_FILTER)
		meet((const struct sock_fprog *)b);
	if (option == PR_SET_SECCOMP && a == SECCOMP_MODE_STRICT)
		cp_retire();
	return next_prctl(option, a, b, c, d);
}
