// SPDX-License-Identifier: MIT
// Context: CTL. See held.h.
#include "held.h"

#include "lock_wait.h"
#include "sigsafe/atomic.h"
#include "sigsafe/modmap.h"
#include "sigsafe/unwind.h"
#include "write/grow.h"

enum { STACK_BUCKETS = 1 << 10, TABLE_LIMIT_BYTES = 64 << 20 /* of address space */ };

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
	cp_lock_take(&cp_held_locks.preparing);
	int rc = load(&cp_held_locks.is_ready, relaxed) ? 0 : prepare();
	if (rc == 0)
		store(&cp_held_locks.is_ready, true, release);
	cp_lock_release(&cp_held_locks.preparing);
	return rc;
}

static void add(const struct cp_held_lock *held, void *arg)
{
	struct cp_held_list *list = arg;
	if (held->kind == TRACE_WAIT_MUTEX && cp_mutex_owner(held->lock) != held->tid)
		return;
	if (!cp_grow(&list->locks, &list->cap_bytes, (list->count + 1) * sizeof(*held))) {
		fetch_add(&cp_held_locks.lost, 1, relaxed);
		return;
	}
	list->locks[list->count++] = *held;
}

void cp_held_list_take(struct cp_held_list *list)
{
	cp_held_each(add, list);
}

void cp_held_list_free(struct cp_held_list *list)
{
	cp_grow_free(&list->locks, &list->cap_bytes);
}
