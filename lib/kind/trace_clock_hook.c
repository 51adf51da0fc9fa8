// SPDX-License-Identifier: MIT
// Context: SIG. See trace_clock_hook.h.
#include "trace_clock_hook.h"

#include "sigsafe/atomic.h"
#include "sigsafe/ticks.h"

enum { MAX_POINTS = 1024, TRIES = 5 };

// The last MAX_POINTS; older ticks are counted from the oldest.
static struct cp_trace_point points[MAX_POINTS] CP_TABLE;
static _Atomic uint64_t npoints;

struct cp_trace_point cp_trace_clock_read(void)
{
	struct cp_trace_point best = {0};
	uint64_t best_gap = UINT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		uint64_t before = cp_ticks_now();
		uint64_t ns = cp_monotonic_ns();
		uint64_t gap = cp_ticks_now() - before;
		if (gap < best_gap) {
			best_gap = gap;
			best = (struct cp_trace_point){before + gap / 2, ns};
		}
	}
	return best;
}

void cp_trace_clock_add(struct cp_trace_point point)
{
	uint64_t n = load(&npoints, relaxed);
	points[n % MAX_POINTS] = point;
	store(&npoints, n + 1, release);
}

/** x * numerator / denominator: no division of 128 bits, which is a function of the compiler's. */
static uint64_t scale(uint64_t x, uint64_t numerator, uint64_t denominator)
{
	while (numerator >> 32) {
		numerator >>= 1;
		denominator >>= 1;
	}
	uint64_t ratio_q32 = (numerator << 32) / (denominator ? denominator : 1);
	return (uint64_t)((unsigned __int128)x * ratio_q32 >> 32);
}

static uint64_t on_line(struct cp_trace_point a, struct cp_trace_point b, uint64_t ticks)
{
	if (ticks >= a.ticks)
		return a.ns + scale(ticks - a.ticks, b.ns - a.ns, b.ticks - a.ticks);
	uint64_t back_ns = scale(a.ticks - ticks, b.ns - a.ns, b.ticks - a.ticks);
	return back_ns < a.ns ? a.ns - back_ns : 0;
}

uint64_t cp_trace_clock_ns(uint64_t ticks, struct cp_trace_point now)
{
	uint64_t n = load(&npoints, acquire);
	// One of the ring's places may be being written: it is not looked at.
	uint64_t oldest = n >= MAX_POINTS ? n - MAX_POINTS + 1 : 0;
	struct cp_trace_point later = now;
	while (n > oldest) {
		struct cp_trace_point p = points[--n % MAX_POINTS];
		bool is_last = n == oldest;
		if (p.ticks < later.ticks && (ticks >= p.ticks || is_last))
			return on_line(p, later, ticks);
		if (p.ticks < later.ticks)
			later = p;
	}
	return now.ns;
}
