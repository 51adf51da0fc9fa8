// SPDX-License-Identifier: MIT
// Context: CTL, also on a thread with next to no stack left.
#ifndef CPROF_KIND_OWN_STACK_H
#define CPROF_KIND_OWN_STACK_H

/** What writing a profile is given, and what lies below it and cannot be touched: the largest page. */
enum { CP_OWN_STACK_BYTES = 256 << 10, CP_OWN_GUARD_BYTES = 64 << 10 };

/** Calls fn(arg) on a stack of our own. What it returns, or -ENOMEM: it was not called. fn must return. */
int cp_own_stack_call(int (*fn)(void *arg), void *arg);

#endif
