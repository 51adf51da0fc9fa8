// SPDX-License-Identifier: MIT
// A trace's events, a thread's in their order, on their way into the timeline. Private to load*.c.
#ifndef CPROF_TOOL_TRACE_LOAD_EVENTS_H
#define CPROF_TOOL_TRACE_LOAD_EVENTS_H

#include "load_tables.h"

// Something the process noted of a thread, which may not have been seen yet.
struct load_note {
	int64_t at_ns, cpu_ns, runqueue_ns;
	uint32_t tid;
	strid name;
	bool is_name;
};

struct load_task_end {
	uint64_t id;
	int64_t at_ns;
};

struct load_events {
	struct timeline *timeline;
	const struct load_tables *tables;
	uint64_t base_ns; // what is time 0
	struct load_note *notes; // in order of time
	uint32_t nnotes, notes_cap;
	struct idmap first_notes; // of tids
	struct load_task_end *task_ends;
	uint32_t ntask_ends, task_ends_cap;
};

void load_events_init(struct load_events *l, struct timeline *t, const struct load_tables *tables, uint64_t base_ns);

/** Those of the process before those of threads. */
void load_event(struct load_events *l, const struct trace_event *e);

/** After the last: what had to wait for all threads and tasks to be known. */
void load_events_finish(struct load_events *l);

void load_events_deinit(struct load_events *l);

#endif
