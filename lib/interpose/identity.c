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

#define CP_STAND_IN_ALONE(name, parameters, arguments)                         \
	CP_NEXT_RARE(int, name, parameters, arguments)                              \
	CP_VISIBLE int name parameters                                         \
	{                                                                      \
		bool were_there = cp_own_threads_send_away();                  \
		int ret = next_##name arguments;                               \
		if (were_there)                                                \
			cp_own_threads_call_back();                            \
		return ret;                                                    \
	}

CP_STAND_IN_ALONE(setuid, (uid_t uid), (uid))
CP_STAND_IN_ALONE(setgid, (gid_t gid), (gid))
CP_STAND_IN_ALONE(seteuid, (uid_t uid), (uid))
CP_STAND_IN_ALONE(setegid, (gid_t gid), (gid))
CP_STAND_IN_ALONE(setreuid, (uid_t real, uid_t effective), (real, effective))
CP_STAND_IN_ALONE(setregid, (gid_t real, gid_t effective), (real, effective))
CP_STAND_IN_ALONE(setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved))
CP_STAND_IN_ALONE(setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved))
CP_STAND_IN_ALONE(setgroups, (size_t n, const gid_t *groups), (n, groups))
CP_STAND_IN_ALONE(initgroups, (const char *user, gid_t group), (user, group))
CP_STAND_IN_ALONE(unshare, (int flags), (flags))
CP_STAND_IN_ALONE(setns, (int fd, int type), (fd, type))
