// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Where one of the functions we stand in for waits, as the hooks want to know it.
#ifndef CPROF_INTERPOSE_SITE_H
#define CPROF_INTERPOSE_SITE_H

#include "kind/contention_hook.h"

/** The function as it is here: its plain name may be the program's own, or a slot of its PLT. What waits in
 *  it wait for: an enum trace_wait without its prefix. */
#define CP_OWN(name, kind)                                                                      \
	static __typeof__(name) own_##name __attribute__((alias(#name), copy(name)));          \
	enum { cp_wait_of_##name = TRACE_WAIT_##kind }

/** The site of one of our functions. */
#define CP_SITE_BY(name, by)                                                                    \
	(&(const struct cp_wait_site){                                                          \
		(enum trace_wait)cp_wait_of_##name, (void (*)(void))own_##name, (by)})
#define CP_SITE(name) CP_SITE_BY(name, CP_CALLER)

#define CP_CALLER __builtin_return_address(0)

// Parameters and arguments, with the caller behind them, of a function that waits for another: what waits is out of
// line, else the function would set up its stack for it even while all is off.
#define CP_WITH_CALLER(...) (__VA_ARGS__, const void *caller)
#define CP_AND_CALLER(...) (__VA_ARGS__, CP_CALLER)

#endif
