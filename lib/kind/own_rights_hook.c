// SPDX-License-Identifier: MIT
// Context: CTL. See own_rights_hook.h.
//
// The kernel's rights are each thread's own. squid gives up its effective ones by capset(), in its one thread, and then
// has setgroups() refused, which ours would be granted: libc aborts the process for it. setpriv keeps the right to
// change groups across setuid() by prctl(PR_SET_KEEPCAPS), also a thread's own, and ours lose it.
#include "own_rights_hook.h"

#include <linux/capability.h>
#include <stdbool.h>

#include "sigsafe/atomic.h"
#include "sigsafe/sys.h"
#include "sigsafe/taskdir.h"
#include "sigsafe/thread.h"

struct look {
	int capability;
	bool is_any_with, is_any_without; // of ours
	bool is_other;                    // a thread of the program's
};

static _Atomic int parted_pid; // the process in which ours did not follow: they are somebody else since

/** tid 0: the calling thread. False, too, if it has ended. */
static bool has_right(int tid, int capability)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = tid};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	return cp_syscall(SYS_capget, &head, data, 0, 0) == 0 && data[0].effective & CAP_TO_MASK(capability);
}

static void look_at(int tid, void *arg)
{
	struct look *l = arg;
	if (tid == cp_gettid())
		return;
	if (!cp_thread_is_excluded(tid))
		l->is_other = true;
	else if (has_right(tid, l->capability))
		l->is_any_with = true;
	else
		l->is_any_without = true;
}

enum cp_own_rights cp_own_rights_compare(int capability)
{
	struct look l = {.capability = capability};
	if (cp_thread_own_count() == 0)
		return CP_OWN_RIGHTS_SAME;
	cp_taskdir_threads(look_at, &l);
	if (!l.is_any_with && !l.is_any_without)
		return CP_OWN_RIGHTS_SAME;
	bool may = has_right(0, capability);
	if ((may && l.is_any_without) || load(&parted_pid, relaxed) == cp_getpid()) {
		if (l.is_other) // it must follow, and libc alone can make it
			return CP_OWN_RIGHTS_SAME;
		store(&parted_pid, cp_getpid(), relaxed);
		return CP_OWN_RIGHTS_LESS;
	}
	return !may && l.is_any_with ? CP_OWN_RIGHTS_MORE : CP_OWN_RIGHTS_SAME;
}
