// SPDX-License-Identifier: MIT
// Context: CTL. Threads that will wait for ever: in a circle of mutexes and read-write locks, or for one whose owner
// has ended.
// What Go's goroutineleak is to channels.
#ifndef CPROF_KIND_DEADLOCK_H
#define CPROF_KIND_DEADLOCK_H

#include "threads.h"

/** Sets is_stuck of those; s: taken with details. Returns how many there are. Nobody is accused falsely; a
 *  thread that was not asleep again in time may be missed. */
uint32_t cp_deadlock_find(struct cp_threads_snapshot *s);

#endif
