// SPDX-License-Identifier: MIT
// One event more for each thread of a process, which counts nothing and is not inherited. Without it the kernel takes
// the events of a thread and of those it starts for alike, and where they take turns it swaps these rather than the
// timers: a thread that starts others all the time gives away what has passed of its period with each, and is never
// sampled. Private to tool/attach.
#ifndef CPROF_TOOL_ATTACH_ANCHORS_H
#define CPROF_TOOL_ATTACH_ANCHORS_H

#include <stddef.h>
#include <stdint.h>

struct anchor {
	int tid, fd; // fd -1: it was refused
};

struct anchors {
	int pid, max_fd; // what is above is for others
	struct anchor *items; // by tid
	size_t n;
	int64_t next_ns; // when to look for new threads
};

/** Looks for threads that have come or gone, but not more often than is cheap. Threads it has no memory or files for
 *  stay without. */
void anchors_update(struct anchors *all);

void anchors_close(struct anchors *all);

#endif
