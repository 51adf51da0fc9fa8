// SPDX-License-Identifier: MIT
// Context: SIG. Which stacks make threads, and how many of those live.
#ifndef CPROF_KIND_THREADCREATE_HOOK_H
#define CPROF_KIND_THREADCREATE_HOOK_H

#include "sigsafe/stacktab.h"

struct cp_threadcreate {
	_Atomic bool is_on;
	struct cp_stacktab stacks; // values as in counts.h: threads made, and of them alive
};

extern struct cp_threadcreate cp_threadcreate;

/** Before a thread is made: the stack of who calls pthread_create, whose return address is `caller`. NULL: it
 *  is not recorded. */
struct cp_stack *cp_threadcreate_stack(const void *caller);

/** It was made. */
void cp_threadcreate_made(struct cp_stack *stack);

/** In the new thread, and when it ends. */
void cp_threadcreate_begin(struct cp_stack *stack);
void cp_threadcreate_end(void);

/** In the child of fork(): only this thread is there. Context: FORK. */
void cp_threadcreate_reset_in_child(void);

#endif
