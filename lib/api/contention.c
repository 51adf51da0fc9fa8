// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/pprof.h>: the rates of the block, the syscall and the mutex profile.
#include <cprof/pprof.h>

#include "interpose/visible.h"
#include "kind/contention.h"

CP_VISIBLE int cprof_set_block_profile_rate(int64_t rate_ns)
{
	int64_t result = cp_contention_set_sampling(CP_KIND_BLOCK, rate_ns > 0 ? rate_ns : 0);
	return result < 0 ? (int)result : 0;
}

CP_VISIBLE int cprof_set_syscall_profile_rate(int64_t rate_ns)
{
	int64_t result = cp_contention_set_sampling(CP_KIND_SYSCALL, rate_ns > 0 ? rate_ns : 0);
	return result < 0 ? (int)result : 0;
}

CP_VISIBLE int cprof_set_mutex_profile_fraction(int fraction)
{
	return (int)(fraction < 0 ? cp_contention_sampling(CP_KIND_MUTEX)
				  : cp_contention_set_sampling(CP_KIND_MUTEX, fraction));
}
