// SPDX-License-Identifier: MIT
// Context: SIG. Which mutexes and read-write locks threads hold, and where they took them: for the dump of all threads,
// where a deadlock is explained by it. Noted only while cprof_set_lock_sites() asks for it: then it costs each lock a
// walk of the stack, and else nothing, since lib/interpose/ does not come by here.
#ifndef CPROF_KIND_HELD_HOOK_H
#define CPROF_KIND_HELD_HOOK_H

#include "format/tracefmt.h"
#include "sigsafe/lock.h"
#include "sigsafe/stacktab.h"
#include "sigsafe/types.h"

struct cp_held_locks {
	struct cp_stacktab stacks; // where they were taken
	_Atomic bool is_ready;     // the table is there
	struct cp_lock preparing;
	_Atomic uint64_t lost;     // locks not noted for want of memory
};

extern __attribute__((visibility("hidden"))) struct cp_held_locks cp_held_locks;

/** The calling thread has taken `lock`, in a function of ours that returns to `caller`. kind: which it may have waited
 *  for, a mutex or one of the two holds of a read-write lock. A thread may hold one several times to read. */
void cp_held_enter(const void *lock, enum trace_wait kind, const void *caller);

/** It is about to release it. */
void cp_held_leave(const void *lock);

/** A lock that is noted as some thread's. The thread may run: then it may not be true any more. */
struct cp_held_lock {
	uintptr_t lock;
	int tid;
	enum trace_wait kind;
	const struct cp_stack *taken_at;
};

/** Calls fn for each. */
void cp_held_each(void (*fn)(const struct cp_held_lock *held, void *arg), void *arg);

/** Calls fn for each thread that is noted to hold the read-write lock to read. Returns how many holds those are. */
uint32_t cp_held_readers(uintptr_t lock, void (*fn)(int tid, void *arg), void *arg);

/** In the child of fork(), whose thread has another id now. Context: FORK. */
void cp_held_forget_all(void);

#endif
