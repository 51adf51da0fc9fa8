// SPDX-License-Identifier: MIT
// Context: SIG. The alternate stack that a signal handler works on, which may be small: what is written beyond its end
// is no fault but somebody's data.
#ifndef CPROF_SIGSAFE_ALTSTACK_H
#define CPROF_SIGSAFE_ALTSTACK_H

#include <linux/signal.h>

#include "types.h"

/** How struct ucontext begins; kernel ABI. */
struct cp_ucontext_head {
	uintptr_t flags, link;
	uintptr_t stack_low;
	int stack_flags;
	size_t stack_bytes;
};

/** Its end, for a handler that was given this ucontext; 0: it works on none. */
static inline uintptr_t cp_altstack_low(const void *ucontext)
{
	const struct cp_ucontext_head *u = ucontext;
	bool is_there = !(u->stack_flags & SS_DISABLE) && (uintptr_t)ucontext - u->stack_low < u->stack_bytes;
	return is_there ? u->stack_low : 0;
}

#endif
