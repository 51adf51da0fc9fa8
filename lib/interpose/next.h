// SPDX-License-Identifier: MIT
// Context: SIG. The functions we stand in for, as they would be without us: the next ones in the
// loader's order, which may be libc's or another preloaded library's.
#ifndef CPROF_INTERPOSE_NEXT_H
#define CPROF_INTERPOSE_NEXT_H

#include <signal.h>

#include "sigsafe/types.h"
#include "visible.h"

// Our constructors come before those of the preloaded library, which start a profile.
enum { CP_EARLY_PRIORITY = 101 };

/** The next function of this name, behind ours. */
void *cp_next_named(const char *name);

/** next_NAME: the next function of this name. A constructor looks it up, before anybody can unload what is looked into
 *  (lookup.h), and from then on calling it is async-signal-safe. Whoever calls before that, from another library's
 *  constructor, is at early_NAME, which looks it up itself. Two threads at once would write the same word. */
#define CP_NEXT(type, name, parameters, arguments) \
	CP_NEXT_AS(cp_next_named(#name), type, name, parameters, arguments)

/** So, too, for what programs call now and then: the page of those they call all the time is full. */
#define CP_NEXT_RARE(type, name, parameters, arguments) \
	CP_NEXT_IN(, cp_next_named(#name), type, name, parameters, arguments)

#define CP_NEXT_AS(found, type, name, parameters, arguments) \
	CP_NEXT_IN(CP_NEAR_DATA, found, type, name, parameters, arguments)

#define CP_NEXT_IN(place, found, type, name, parameters, arguments)                             \
	static type early_##name parameters;                                                    \
	static place type(*next_##name) parameters = early_##name;                              \
	__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_##name(void)           \
	{                                                                                       \
		next_##name = (found);                                                          \
	}                                                                                       \
	static type early_##name parameters                                                     \
	{                                                                                       \
		find_##name();                                                                  \
		return next_##name arguments;                                                   \
	}

/** sigaction() itself. */
int cp_next_sigaction(int sig, const struct sigaction *action, struct sigaction *old);

#endif
