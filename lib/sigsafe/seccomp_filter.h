// SPDX-License-Identifier: MIT
// Context: SIG. What a seccomp filter would do to a system call, found out before it is installed: afterwards nobody
// can ask.
#ifndef CPROF_SIGSAFE_SECCOMP_FILTER_H
#define CPROF_SIGSAFE_SECCOMP_FILTER_H

#include "types.h"

struct sock_fprog;

/** Whether a thread that makes this system call, all its arguments 0, is killed for it, or gets SIGSYS. */
bool cp_seccomp_filter_kills(const struct sock_fprog *filter, int number);

#endif
