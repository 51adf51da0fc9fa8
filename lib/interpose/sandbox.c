// SPDX-License-Identifier: MIT
// Context: CTL. A program that shuts itself into a sandbox of seccomp, by prctl().
//
// The return from a signal handler is a system call, too. sshd's filter kills the thread that makes it, so a tick in
// the child that reads what strangers send took its main thread away; ours lived on, in a process that was neither
// there nor gone, and its parent waited for ever. So the filter is asked before it is there, and the profiles end
// where it kills for that.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "leave.h"
#include "next.h"
#include "sigsafe/seccomp_filter.h"
#include "visible.h"

// The macro's functions have no ellipsis; what is not given is passed on as it is.
CP_NEXT(int, prctl, (int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d),
		(option, a, b, c, d))

CP_VISIBLE int prctl(int option, ...)
{
	va_list arguments;
	va_start(arguments, option);
	unsigned long a = va_arg(arguments, unsigned long), b = va_arg(arguments, unsigned long);
	unsigned long c = va_arg(arguments, unsigned long), d = va_arg(arguments, unsigned long);
	va_end(arguments);
	const struct sock_fprog *filter = option == PR_SET_SECCOMP && a == SECCOMP_MODE_FILTER ? (void *)b : NULL;
	if (filter && filter->filter && cp_seccomp_filter_kills(filter, SYS_rt_sigreturn))
		cp_retire();
	return next_prctl(option, a, b, c, d);
}
