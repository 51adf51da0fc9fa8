// SPDX-License-Identifier: MIT
// Even and bounded: what the first expiry of a timer needs.
#include "sigsafe/random.h"
#include "unit.h"

START_TEST(below_stays_below_and_is_even)
{
	struct cp_random r = {.state = 42};
	enum { BINS = 10, DRAWS = 100000 };
	int bins[BINS] = {0};
	for (int i = 0; i < DRAWS; i++) {
		uint64_t v = cp_random_below(&r, 1000);
		ck_assert_uint_lt(v, 1000);
		bins[v * BINS / 1000]++;
	}
	// 9 degrees of freedom; chi-square above 40 has a chance of 1e-5, and the seed is fixed.
	double chi2 = 0;
	for (int i = 0; i < BINS; i++) {
		double off = bins[i] - (double)DRAWS / BINS;
		chi2 += off * off / ((double)DRAWS / BINS);
	}
	ck_assert_double_lt(chi2, 40);
	ck_assert_uint_eq(cp_random_below(&r, 0), 0);
	ck_assert_uint_eq(cp_random_below(&r, 1), 0);
}
END_TEST

START_TEST(seeds_differ)
{
	struct cp_random a, b;
	cp_random_seed(&a);
	cp_random_seed(&b);
	ck_assert_uint_ne(cp_random_next(&a), cp_random_next(&b));
}
END_TEST

UNIT_MAIN("random", below_stays_below_and_is_even, seeds_differ)
