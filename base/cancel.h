// SPDX-License-Identifier: MIT
// The user wants the work at hand to end (^C in the shell), not the program: loops over samples ask
// cancelled() and leave early. What they leave behind is sound but incomplete, and is thrown away.
#ifndef CPROF_BASE_CANCEL_H
#define CPROF_BASE_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_bool cancel_flag; // through the functions below, or handed on to what ends when a flag says so

static inline bool cancelled(void)
{
	return atomic_load_explicit(&cancel_flag, memory_order_relaxed);
}

/** From a signal handler, too. */
static inline void cancel_work(void)
{
	atomic_store_explicit(&cancel_flag, true, memory_order_relaxed);
}

/** Before the next work. */
static inline void cancel_forget(void)
{
	atomic_store_explicit(&cancel_flag, false, memory_order_relaxed);
}

#endif
