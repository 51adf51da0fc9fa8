// SPDX-License-Identifier: MIT
// Profiles out of a trace, as `go tool trace -pprof=` makes them.
#ifndef CPROF_TOOL_TRACE_DERIVE_H
#define CPROF_TOOL_TRACE_DERIVE_H

#include "base/err.h"
#include "timeline.h"

enum derive_kind {
	DERIVE_SYNC,    // waits for locks and for other threads
	DERIVE_SYSCALL, // time in system calls that block, sleep among them
	DERIVE_NET,     // waits on sockets and for events
	DERIVE_SCHED,   // from being woken to running, where it was waited
	DERIVE_NKINDS,
};

extern const char *const derive_names[DERIVE_NKINDS];

/** Gives t->symbols the samples and header of such a profile; it then is that profile. Once a timeline. */
void derive_profile(struct timeline *t, enum derive_kind kind);

#endif
