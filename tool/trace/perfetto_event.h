// SPDX-License-Identifier: MIT
// Perfetto's packets and track events, as perfetto.c and perfetto_slices.c write them. Private to them.
#ifndef CPROF_TOOL_TRACE_PERFETTO_EVENT_H
#define CPROF_TOOL_TRACE_PERFETTO_EVENT_H

#include "pbout.h"
#include "perfetto_fields.h"
#include "perfetto_intern.h"

enum category {
	CATEGORY_REGION = NSTATES + 1, // below: 1 + enum timeline_state
	CATEGORY_TASK,
	CATEGORY_LOG,
	CATEGORY_WAKE,
	CATEGORY_CPROF,
	NCATEGORIES,
};

enum annotation {
	NOTE_LOCK = 1,
	NOTE_NAME,
	NOTE_FD,
	NOTE_STACK,
	NOTE_LABELS,
	NOTE_WOKEN_BY,
	NOTE_TASK,
	NOTE_PARENT,
	NOTE_MESSAGE,
	NOTE_OUTCOME,
	NANNOTATIONS,
};

struct encoder {
	struct timeline *t;
	struct buf *out;
	struct perfetto_intern intern;
	struct buf body;   // the message the next packet is about
	struct buf packet; // being made
	strid ready, wakes; // names of events that the trace has no names for
	bool has_begun;
};

/// Tracks have numbers; these are disjoint ranges of them.

enum { PROCESS_TRACK = 1 };

static inline uint64_t thread_track(uint32_t thread)
{
	return 1ull << 32 | thread;
}

static inline uint64_t counter_track(strid name)
{
	return 2ull << 32 | name;
}

static inline uint64_t task_track(uint32_t task)
{
	return 3ull << 32 | task;
}

/// So have flows.

static inline uint64_t wake_flow(uint32_t span)
{
	return span + 1ull;
}

static inline uint64_t task_flow(uint64_t id)
{
	return 1ull << 63 | id;
}

/** Writes e->body as the packet's field, with the interned data it refers to. */
void put_packet(struct encoder *e, unsigned field, int64_t at_ns);

/// A track event: begin it, add to it, put it.

/** type: EVENT_SLICE_BEGIN and so on. */
void begin_event(struct encoder *e, unsigned type, uint64_t track);
void begin_named(struct encoder *e, unsigned type, uint64_t track, unsigned category, strid name);
/** field: ANNOTATION_UINT and so on. */
void annotate(struct encoder *e, enum annotation name, unsigned field, uint64_t value);
void annotate_text(struct encoder *e, enum annotation name, struct str text);
void add_stack(struct encoder *e, uint32_t stack);
void put_event(struct encoder *e, int64_t at_ns);
/** The end of the track's innermost slice. */
void put_end(struct encoder *e, uint64_t track, int64_t at_ns);

/** What viewers call the thread. */
struct str thread_label(const struct timeline *t, uint32_t thread);

/** Regions and waits as slices, wakes with flows to who was woken. */
void put_slices(struct encoder *e);

#endif
