// SPDX-License-Identifier: MIT
// Context: CTL. What a program does to itself and wants to be alone for: setuid() and its family, namespaces.
//
// For the kernel each thread has an identity of its own, so libc lets every thread it knows make the
// call, and aborts the process where one is refused. A program alone in its process may rely on per-
// thread rights (prctl(PR_SET_KEEPCAPS), capset) between two of these calls, which a thread of ours
// does not have: setpriv is one. And the kernel lets a process into another user namespace, and some
// others, only where it has one thread. So ours are not there while such a call runs.
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include "kind/own_thread_hook.h"
#include "next.h"
#include "visible.h"

#define ALONE(call) \
	do { \
		bool were_there = cp_own_threads_send_away(); \
		int ret = cp_next()->call; \
		if (were_there) \
			cp_own_threads_call_back(); \
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

CP_VISIBLE int unshare(int flags)
{
	ALONE(unshare(flags));
}

CP_VISIBLE int setns(int fd, int type)
{
	ALONE(setns(fd, type));
}
