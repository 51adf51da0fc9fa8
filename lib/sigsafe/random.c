// SPDX-License-Identifier: MIT
// Context: SIG. splitmix64: one multiply-shift chain over a counter, so any seed is a good one.
#include <linux/time.h>

#include "random.h"
#include "sys.h"

enum { GETRANDOM_NONBLOCK = 1 };

CP_FAR void cp_random_seed(struct cp_random *r)
{
	if (cp_syscall(SYS_getrandom, &r->state, sizeof(r->state), GETRANDOM_NONBLOCK, 0) ==
		sizeof(r->state))
		return;
	struct timespec now = {0};
	cp_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now, 0, 0);
	r->state = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	r->state ^= (uint64_t)cp_gettid() << 40;
}

CP_NEAR uint64_t cp_random_next(struct cp_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t cp_random_below(struct cp_random *r, uint64_t limit)
{
	// The high half of the product; its bias is below limit / 2^64.
	return (uint64_t)((unsigned __int128)cp_random_next(r) * limit >> 64);
}
