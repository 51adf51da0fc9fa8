// SPDX-License-Identifier: MIT
// Context: SIG. See ticks.h. Where the processor's counter may stand still or run at another speed, ticks are
// CLOCK_MONOTONIC's nanoseconds.
#include "ticks.h"

enum { CALIBRATION_NS = 50000, TRIES = 5, Q = 24 };

CP_NEAR_DATA uint64_t cp_ticks_ns_q24;

#if defined(__x86_64__)
/** The "invariant TSC" bit: one rate in all states of power, and on all processors. */
static bool is_steady(void)
{
	enum { LAST_LEAF = 0x80000000u, POWER_LEAF = 0x80000007u, INVARIANT = 1 << 8 };
	uint32_t a = LAST_LEAF, b, c = 0, d;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (a < POWER_LEAF)
		return false;
	a = POWER_LEAF;
	c = 0;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return d & INVARIANT;
}
#elif defined(__aarch64__)
static bool is_steady(void)
{
	return true;
}
#endif

/** Both at one moment: of a few tries the one least interrupted. */
static void read_both(uint64_t *ticks_out, uint64_t *ns_out)
{
	uint64_t best = UINT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		uint64_t before = cp_ticks_counter(), ns = cp_monotonic_ns(), gap = cp_ticks_counter() - before;
		if (gap < best) {
			best = gap;
			*ticks_out = before + gap / 2;
			*ns_out = ns;
		}
	}
}

void cp_ticks_init(void)
{
	uint64_t from_ticks = 0, from_ns = 0, to_ticks = 0, to_ns = 0;
	if (cp_ticks_ns_q24 || !is_steady())
		return;
	read_both(&from_ticks, &from_ns);
	do
		read_both(&to_ticks, &to_ns);
	while (to_ns - from_ns < CALIBRATION_NS);
	cp_ticks_ns_q24 = ((to_ns - from_ns) << Q) / (to_ticks - from_ticks);
}

CP_NEAR uint64_t cp_ticks_to_ns(uint64_t ticks)
{
	uint64_t q = cp_ticks_ns_q24;
	return q ? (uint64_t)((unsigned __int128)ticks * q >> Q) : ticks;
}

uint64_t cp_ticks_of_ns(uint64_t ns)
{
	return cp_ticks_ns_q24 ? (ns << Q) / cp_ticks_ns_q24 : ns;
}
