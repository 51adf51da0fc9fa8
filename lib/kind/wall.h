// SPDX-License-Identifier: MIT
// Context: CTL. The wall-clock profile: where all threads are, running or not (fgprof's job).
#ifndef CPROF_KIND_WALL_H
#define CPROF_KIND_WALL_H

#include <cprof/pprof.h>

/** Samples all threads, rate_hz times a second, by a thread of ours. -EBUSY: it does already. */
int cp_wall_start(int rate_hz);

/** A profile that is started while it is held counts from when it is let go. */
void cp_wall_hold(bool is_held);

/** The calling thread is about to end this: what it does until then, as the writing of others, is not the program's. */
void cp_wall_leave(void);

/** Ends that and writes the profile. 0 where none is on. */
int cp_wall_stop(struct cprof_writer writer);

/** Writes what there is so far. -EBUSY: it is not on, or about to begin or end. */
int cp_wall_write(struct cprof_writer writer);

#endif
