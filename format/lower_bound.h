// SPDX-License-Identifier: MIT
// Binary search among ascending numbers. Pure.
#ifndef CPROF_FORMAT_LOWER_BOUND_H
#define CPROF_FORMAT_LOWER_BOUND_H

#include <stdint.h>

/** The first of n that is not below `from`; n: all are. */
static inline uint32_t lower_bound(const uint64_t *numbers, uint32_t n, uint64_t from)
{
	uint32_t lo = 0, hi = n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (numbers[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

#endif
