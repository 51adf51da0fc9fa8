// SPDX-License-Identifier: MIT
// The CPU time of a program that no library can be put into (static, of another C library), sampled by the kernel:
// that is `cprof attach`, in a process of its own.
#ifndef CPROF_RUN_OUTSIDE_H
#define CPROF_RUN_OUTSIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "inject.h"

/** True if nothing speaks against it: a CPU profile is asked for, and by no engine that is inside. */
bool outside_is_wanted(const struct injection *in);

/** To be called while the program waits for its exec: samples it from there. The sampler's process; 0, and said why:
 *  it may not be sampled. */
pid_t outside_begin(struct arena *a, const struct injection *in, pid_t program);

/** Once the program has ended: when this returns, the profile is written, or it was said why not. */
void outside_end(pid_t sampler);

/** Where the program could not be started: no profile, also where the sampler has written that there is nothing. */
void outside_cancel(struct arena *a, const struct injection *in, pid_t program, pid_t sampler);

#endif
