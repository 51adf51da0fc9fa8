// SPDX-License-Identifier: MIT
// Ticks run as the clock does.
#include <time.h>

#include "sigsafe/ticks.h"
#include "unit.h"

static double clock_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double differ(void)
{
	double from = clock_ns();
	uint64_t ticks = cp_ticks_now();
	while (clock_ns() - from < 20e6)
		;
	double got = (double)cp_ticks_to_ns(cp_ticks_now() - ticks), want = clock_ns() - from;
	return (got - want) / want;
}

/** The least of a few: the thread may be stopped between the two clocks. */
static double differ_at_best(void)
{
	double best = 1;
	for (int i = 0; i < 10 && (best > 0.01 || best < -0.01); i++)
		best = differ();
	return best;
}

START_TEST(ticks_are_nanoseconds_before_the_calibration)
{
	ck_assert_double_eq_tol(differ_at_best(), 0, 0.01);
}
END_TEST

START_TEST(ticks_are_calibrated)
{
	cp_ticks_init();
	ck_assert_double_eq_tol(differ_at_best(), 0, 0.01);
}
END_TEST

UNIT_MAIN("ticks", ticks_are_nanoseconds_before_the_calibration, ticks_are_calibrated)
