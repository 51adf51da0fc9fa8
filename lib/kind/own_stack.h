// SPDX-License-Identifier: MIT
// Context: CTL, also on a thread with next to no stack left.
#ifndef CPROF_KIND_OWN_STACK_H
#define CPROF_KIND_OWN_STACK_H

/** Calls fn(arg) on a stack of our own. What it returns, or -ENOMEM: it was not called. fn must return. */
int cp_own_stack_call(int (*fn)(void *arg), void *arg);

#endif
