// SPDX-License-Identifier: MIT
// Context: EARLY. Finds the clock that the kernel has put into the process, for lib/sigsafe/clock.h.
#include "lookup.h"
#include "next.h"
#include "sigsafe/clock.h"

#if defined(__x86_64__)
#define CLOCK_IN_VDSO "__vdso_clock_gettime"
#elif defined(__aarch64__)
#define CLOCK_IN_VDSO "__kernel_clock_gettime"
#endif

__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_clock(void)
{
	cp_clock_in_vdso = cp_lookup_vdso(CLOCK_IN_VDSO);
}
