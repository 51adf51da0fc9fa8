// SPDX-License-Identifier: MIT
// Context: CTL. setuid() and its family.
//
// For the kernel each thread has an identity of its own, so libc lets every thread it knows make the
// call, and aborts the process where one is refused. A program alone in its process may rely on
// per-thread rights (prctl(PR_SET_KEEPCAPS), capset) between two of these calls, which a thread of
// ours does not have: setpriv is one. So ours is not there while the call runs.
#include <grp.h>
#include <unistd.h>

#include "kind/cpu_hook.h"
#include "next.h"
#include "record/finish_hook.h"
#include "visible.h"

#define ALONE(call) \
	do { \
		bool was_there = cp_cpu_send_collector_away(), others_were = cp_finish_send_threads_away(); \
		int ret = cp_next()->call; \
		if (others_were) \
			cp_finish_call_threads_back(); \
		if (was_there) \
			cp_cpu_call_collector_back(); \
		return ret; \
	} while (0)

CP_VISIBLE int setuid(uid_t uid)
{
	ALONE(setuid(uid));
}

CP_VISIBLE int setgid(gid_t gid)
{
	ALONE(setgid(gid));
}

CP_VISIBLE int seteuid(uid_t uid)
{
	ALONE(seteuid(uid));
}

CP_VISIBLE int setegid(gid_t gid)
{
	ALONE(setegid(gid));
}

CP_VISIBLE int setreuid(uid_t real, uid_t effective)
{
	ALONE(setreuid(real, effective));
}

CP_VISIBLE int setregid(gid_t real, gid_t effective)
{
	ALONE(setregid(real, effective));
}

CP_VISIBLE int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	ALONE(setresuid(real, effective, saved));
}

CP_VISIBLE int setresgid(gid_t real, gid_t effective, gid_t saved)
{
	ALONE(setresgid(real, effective, saved));
}

CP_VISIBLE int setgroups(size_t n, const gid_t *groups)
{
	ALONE(setgroups(n, groups));
}

CP_VISIBLE int initgroups(const char *user, gid_t group)
{
	ALONE(initgroups(user, group));
}
