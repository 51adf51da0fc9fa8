// SPDX-License-Identifier: MIT
// Context: CTL. See robust_list.h.
#include "robust_list.h"

#include <linux/futex.h>
#include <stddef.h>

#include "sigsafe/safeload.h"
#include "sigsafe/sys.h"

enum { MAX_BEHIND_BYTES = 64, PI_BIT = 1 };

/** 0: it is not told. */
static uintptr_t head_of(int tid)
{
	uintptr_t head = 0;
	size_t nbytes;
	return cp_syscall(SYS_get_robust_list, tid, &head, &nbytes, 0) == 0 ? head : 0;
}

bool cp_robust_list_awaits(int tid, uintptr_t futex)
{
	struct cp_readable page = {0};
	uintptr_t head = head_of(tid), offset, pending;
	return head && cp_load(&page, head + offsetof(struct robust_list_head, futex_offset), &offset) &&
	       cp_load(&page, head + offsetof(struct robust_list_head, list_op_pending), &pending) && pending &&
	       (pending & ~(uintptr_t)PI_BIT) + offset == futex;
}

bool cp_robust_list_is_behind(int tid, uintptr_t futex)
{
	uintptr_t head = tid > 0 ? head_of(tid) : 0;
	return head > futex && head - futex <= MAX_BEHIND_BYTES;
}
