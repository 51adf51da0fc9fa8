// SPDX-License-Identifier: MIT
// Context: CTL, also on a thread with next to no stack left.
#ifndef CPROF_KIND_OWN_STACK_H
#define CPROF_KIND_OWN_STACK_H

/** Calls fn(arg) on a stack of our own. 0 or -ENOMEM: not called. fn must return. */
int cp_own_stack_call(void (*fn)(void *arg), void *arg);

#endif
