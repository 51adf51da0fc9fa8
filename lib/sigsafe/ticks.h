// SPDX-License-Identifier: MIT
// Context: SIG. The processor's own time stamps: what a clock is read for, where it is read twice an allocation.
#ifndef CPROF_SIGSAFE_TICKS_H
#define CPROF_SIGSAFE_TICKS_H

#include "types.h"

/** Finds out how long a tick is, which takes 50 us; once, before anybody counts. Context: CTL. */
void cp_ticks_init(void);

/** Since some moment; for differences. */
uint64_t cp_ticks_now(void);

/** A difference in nanoseconds, within a percent. */
uint64_t cp_ticks_to_ns(uint64_t ticks);

#endif
