// SPDX-License-Identifier: MIT
// Context: SIG. The processor's own time stamps: what a clock is read for, where it is read twice an allocation.
#ifndef CPROF_SIGSAFE_TICKS_H
#define CPROF_SIGSAFE_TICKS_H

#include "clock.h"
#include "types.h"

/** Finds out how long a tick is, which takes 50 us, the first time; before anybody counts. Context: CTL. */
void cp_ticks_init(void);

/** 0: ticks are nanoseconds of CLOCK_MONOTONIC. */
extern __attribute__((visibility("hidden"))) uint64_t cp_ticks_ns_q24;

static inline uint64_t cp_monotonic_ns(void)
{
	return cp_clock_quick_ns(CP_CLOCK_MONOTONIC);
}

static inline uint64_t cp_ticks_counter(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#endif
}

/** Since some moment; for differences. */
static inline uint64_t cp_ticks_now(void)
{
	return __builtin_expect(cp_ticks_ns_q24 != 0, 1) ? cp_ticks_counter() : cp_monotonic_ns();
}

/** A difference in nanoseconds, within a percent. */
uint64_t cp_ticks_to_ns(uint64_t ticks);

/** The other way round; of up to ten minutes. */
uint64_t cp_ticks_of_ns(uint64_t ns);

#endif
