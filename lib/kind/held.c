// SPDX-License-Identifier: MIT
// Context: CTL. See held.h.
#include "held.h"

#include "held_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/lock.h"
#include "sigsafe/modmap.h"
#include "sigsafe/unwind.h"

enum { STACK_BUCKETS = 1 << 10, TABLE_LIMIT_BYTES = 64 << 20 /* of address space */ };

static struct cp_lock preparing;

static int prepare(void)
{
	int rc = cp_unwind_init();
	if (rc == 0)
		rc = cp_modmap_refresh();
	if (rc == 0)
		rc = cp_stacktab_init(&cp_held_locks.stacks, STACK_BUCKETS, TABLE_LIMIT_BYTES);
	return rc;
}

int cp_held_prepare(void)
{
	cp_lock_take(&preparing);
	int rc = load(&cp_held_locks.is_ready, relaxed) ? 0 : prepare();
	if (rc == 0)
		store(&cp_held_locks.is_ready, true, release);
	cp_lock_release(&preparing);
	return rc;
}
