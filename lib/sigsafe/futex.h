// SPDX-License-Identifier: MIT
// Context: SIG to wake, CTL to wait.
#ifndef CPROF_SIGSAFE_FUTEX_H
#define CPROF_SIGSAFE_FUTEX_H

#include <linux/futex.h>

#include "clock.h"

#define CP_FUTEX_FOREVER UINT64_MAX

/** Sleeps while *word == expected, timeout_ns at most. May return early. */
static inline void cp_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	struct cp_timespec ts = cp_timespec_from_ns(timeout_ns);
	cp_syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected,
		timeout_ns == CP_FUTEX_FOREVER ? NULL : &ts);
}

static inline void cp_futex_wake(_Atomic uint32_t *word, int nthreads)
{
	cp_syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, nthreads, 0);
}

#endif
