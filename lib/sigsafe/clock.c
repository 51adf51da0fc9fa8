// SPDX-License-Identifier: MIT
// Context: SIG. See clock.h.
#include "clock.h"

CP_NEAR_DATA cp_clock_function *cp_clock_in_vdso;

CP_NEAR uint64_t cp_clock_quick_ns(int clock)
{
	struct cp_timespec ts;
	if (!cp_clock_in_vdso || cp_clock_in_vdso(clock, &ts) != 0)
		return cp_clock_ns(clock);
	return (uint64_t)ts.sec * CP_NS_PER_S + (uint64_t)ts.nsec;
}
