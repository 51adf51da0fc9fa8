// SPDX-License-Identifier: MIT
// Context: CTL. A thread of ours that writes a recording's profiles while it goes on, so that a process that is killed,
// as for want of memory, or that dies of a fault leaves them, too.
//
// It writes where the memory in use has grown by an eighth (and by 16 MiB), since that is what such a process dies of;
// the allocation that makes it so wakes the thread. After a write it rests until the process has used 500 times the CPU
// time that took; at most for 10 s by the clock, and where the process uses little 1 s at first, later for more.
// Besides it writes so seldom that it takes a two-thousandth of the process's CPU time.
#ifndef CPROF_RECORD_KEEPER_H
#define CPROF_RECORD_KEEPER_H

#include "kind/own_thread.h"
#include "recording.h"

/** Zero it to start. */
struct cp_keeper {
	struct cp_recording *recording;
	struct cp_own_thread thread;
	_Atomic int pid; // the process the thread is in: fork leaves it behind; 0: there is none
	_Atomic bool is_stopping;
	uint64_t started_ns;
	struct cp_keeper_write {
		uint64_t ns, cpu_ns;  // when it was through, on the monotonic clock and that of the process's CPU time
		uint64_t took_ns;     // of CPU time
		int64_t in_use_bytes; // of the heap, then
	} last;
};

/** Where none can be had the profiles are written at the end alone; so, too, where malloc is not ours to stand in front
 *  of: libc would have to know the thread, and be the slower for it. */
void cp_keeper_start(struct cp_keeper *k, struct cp_recording *r);

/** Once it writes nothing more. In a fork's child, where there is none: nothing. */
void cp_keeper_stop(struct cp_keeper *k);

#endif
