// SPDX-License-Identifier: MIT
// Making a timeline, an event at a time. Called by load.c alone. Events of one thread come in order; those
// of different threads need not. Nothing here can fail: what makes no sense (an end without a begin, a time
// before the last) becomes the nearest thing that does.
#ifndef CPROF_TOOL_TIMELINE_BUILD_H
#define CPROF_TOOL_TIMELINE_BUILD_H

#include "timeline.h"

/** Index of a new thread, whose life begins at at_ns. */
uint32_t timeline_add_thread(struct timeline *t, uint32_t tid, int64_t at_ns);

/** The thread that had the id at that time, else the first to have it; NO_INDEX where none ever had. */
uint32_t timeline_thread_at(const struct timeline *t, uint32_t tid, int64_t at_ns);

/** Index of a stack of n locations, leaf first, with these labels; 0 for none. Equal ones are not looked for. */
uint32_t timeline_add_stack(struct timeline *t, const uint32_t *locations, uint32_t n, uint32_t label_set);

/** A thread begins to wait. A wait it was in is over: its end was lost. */
void timeline_begin_wait(struct timeline *t, const struct timeline_span *wait);

/** It waits no more. Where no wait was open, one went on since the thread's first moment. */
void timeline_end_wait(struct timeline *t, uint32_t thread, int64_t at_ns, uint32_t waker_tid,
		bool is_given_up);

void timeline_begin_region(struct timeline *t, const struct timeline_region *region);

/** The innermost open region of this name ends, and those inside it. */
void timeline_end_region(struct timeline *t, uint32_t thread, strid name, uint64_t task, int64_t at_ns);

/** Those of a thread come in order of time. */
void timeline_add_census(struct timeline *t, const struct timeline_census *census);

void timeline_end_thread(struct timeline *t, uint32_t thread, int64_t at_ns);

void timeline_add_task(struct timeline *t, const struct timeline_task *task);
void timeline_add_log(struct timeline *t, const struct timeline_log *log);
void timeline_add_sample(struct timeline *t, const struct timeline_sample *sample);
void timeline_add_counter(struct timeline *t, const struct timeline_counter *counter);
void timeline_add_wake(struct timeline *t, const struct timeline_wake *wake);
void timeline_add_note(struct timeline *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Between the thread's last event and this time, some were lost. */
void timeline_add_gap(struct timeline *t, uint32_t thread, int64_t at_ns, uint64_t nlost);

/** All is there: closes what is open at the trace's end, sorts, finds who woke whom, and sums. */
void timeline_finish(struct timeline *t);

/** Part of it (timeline_share.c): the shares, and their sums. */
void timeline_share_running(struct timeline *t);

#endif
