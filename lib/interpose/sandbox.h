// SPDX-License-Identifier: MIT
// Context: CTL. Sandboxes of seccomp by a bare system call, which futex.c's syscall() passes on; see sandbox.c.
#ifndef CPROF_INTERPOSE_SANDBOX_H
#define CPROF_INTERPOSE_SANDBOX_H

/** Before seccomp(operation, flags, filter). */
void cp_sandbox_before(long operation, const void *filter);

#endif
