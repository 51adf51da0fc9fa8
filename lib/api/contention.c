// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/pprof.h>: the rates of the block, the syscall and the mutex profile, and the sites of locks.
#include <cprof/pprof.h>

#include "interpose/locks.h"
#include "kind/contention.h"
#include "kind/held.h"

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

CP_VISIBLE int cprof_set_lock_sites(bool are_kept)
{
	int rc = are_kept ? cp_held_prepare() : 0;
	if (rc < 0)
		return rc;
	cp_mutexes_note_sites(are_kept);
	cp_rwlocks_note_sites(are_kept);
	return 0;
}

CP_VISIBLE int cprof_set_mutex_profile_fraction(int fraction)
{
	return (int)(fraction < 0 ? cp_contention_sampling(CP_KIND_MUTEX)
				  : cp_contention_set_sampling(CP_KIND_MUTEX, fraction));
}
