// SPDX-License-Identifier: MIT
// Context: CTL. What a program does to itself and wants to be alone for: setuid() and its family, namespaces.
//
// For the kernel each thread has an identity of its own, so libc lets every thread it knows make the
// call, and aborts the process where one is refused. A program alone in its process may rely on per-
// thread rights (prctl(PR_SET_KEEPCAPS), capset) between two of these calls, which a thread of ours
// does not have: setpriv is one. And the kernel lets a process into another user namespace, and some
// others, only where it has one thread. So ours are not there while such a call runs.
//
// Those of -http stay: they may be answering somebody. Where the calling thread may not what they may, it is refused
// before libc asks them. Where they may not what it may, they have lost those rights already, and stay who they are.
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <unistd.h>

#include "kind/own_rights_hook.h"
#include "kind/own_thread_hook.h"
#include "next.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/sys.h"
#include "visible.h"

/// Namespaces

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

CP_STAND_IN_ALONE(unshare, (int flags), (flags))
CP_STAND_IN_ALONE(setns, (int fd, int type), (fd, type))

/// Users and groups

static int as_libc_tells(long ret)
{
	if (ret >= 0)
		return 0;
	errno = (int)-ret;
	return -1;
}

/** in_this_thread: the call for the calling thread alone, as the kernel answers it. It may be made twice: who is
 *  granted it once is granted it again. */
#define CP_STAND_IN_IDENTITY(capability, name, parameters, arguments, in_this_thread)                    \
	CP_NEXT_RARE(int, name, parameters, arguments)                                                   \
	CP_VISIBLE int name parameters                                                                   \
	{                                                                                                \
		bool were_there = cp_own_threads_send_away();                                            \
		enum cp_own_rights ours = cp_own_rights_compare(capability);                             \
		int ret = ours == CP_OWN_RIGHTS_SAME ? 0 : as_libc_tells(in_this_thread);                \
		if (ret == 0 && ours != CP_OWN_RIGHTS_LESS)                                              \
			ret = next_##name arguments;                                                     \
		if (were_there)                                                                          \
			cp_own_threads_call_back();                                                      \
		return ret;                                                                              \
	}

CP_STAND_IN_IDENTITY(CAP_SETUID, setuid, (uid_t uid), (uid), cp_syscall(SYS_setuid, uid, 0, 0, 0))
CP_STAND_IN_IDENTITY(CAP_SETGID, setgid, (gid_t gid), (gid), cp_syscall(SYS_setgid, gid, 0, 0, 0))
CP_STAND_IN_IDENTITY(CAP_SETUID, seteuid, (uid_t uid), (uid),
		uid == (uid_t)-1 ? -EINVAL : cp_syscall(SYS_setresuid, -1, uid, -1, 0))
CP_STAND_IN_IDENTITY(CAP_SETGID, setegid, (gid_t gid), (gid),
		gid == (gid_t)-1 ? -EINVAL : cp_syscall(SYS_setresgid, -1, gid, -1, 0))
CP_STAND_IN_IDENTITY(CAP_SETUID, setreuid, (uid_t real, uid_t effective), (real, effective),
		cp_syscall(SYS_setreuid, real, effective, 0, 0))
CP_STAND_IN_IDENTITY(CAP_SETGID, setregid, (gid_t real, gid_t effective), (real, effective),
		cp_syscall(SYS_setregid, real, effective, 0, 0))
CP_STAND_IN_IDENTITY(CAP_SETUID, setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved),
		cp_syscall(SYS_setresuid, real, effective, saved, 0))
CP_STAND_IN_IDENTITY(CAP_SETGID, setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved),
		cp_syscall(SYS_setresgid, real, effective, saved, 0))
CP_STAND_IN_IDENTITY(CAP_SETGID, setgroups, (size_t n, const gid_t *groups), (n, groups),
		cp_syscall(SYS_setgroups, n, groups, 0, 0))

/** By libc's own way to a user's groups, which may be a long one. */
static long set_groups_of(const char *user, gid_t group)
{
	int n = NGROUPS_MAX;
	gid_t *groups = cp_pages_alloc(NGROUPS_MAX * sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	long ret = getgrouplist(user, group, groups, &n) < 0 ? -EINVAL : cp_syscall(SYS_setgroups, n, groups, 0, 0);
	cp_pages_free(groups, NGROUPS_MAX * sizeof(*groups));
	return ret;
}

CP_STAND_IN_IDENTITY(CAP_SETGID, initgroups, (const char *user, gid_t group), (user, group), set_groups_of(user, group))
