// SPDX-License-Identifier: MIT
// Context: SIG. Random numbers for sampling: fast, good enough to leave no pattern, never for
// secrets.
#ifndef CPROF_SIGSAFE_RANDOM_H
#define CPROF_SIGSAFE_RANDOM_H

#include "types.h"

/** One user at a time. */
struct cp_random {
	uint64_t state;
};

/** From the kernel's pool, or from clock and thread id where that would block. */
void cp_random_seed(struct cp_random *r);

/** 64 even bits. */
uint64_t cp_random_next(struct cp_random *r);

/** Even in [0, limit); 0 for limit 0. */
uint64_t cp_random_below(struct cp_random *r, uint64_t limit);

#endif
