// SPDX-License-Identifier: MIT
// The time by one of the kernel's clocks, as one number.
#ifndef CPROF_BASE_NOW_H
#define CPROF_BASE_NOW_H

#include <stdint.h>
#include <time.h>

static inline int64_t now_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

#endif
