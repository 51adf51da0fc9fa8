// SPDX-License-Identifier: MIT
// Perfetto's interned data: names, stacks and what they consist of are written once, in the first packet that
// refers to them, and are numbers from then on. Private to perfetto*.c.
#ifndef CPROF_TOOL_TRACE_PERFETTO_INTERN_H
#define CPROF_TOOL_TRACE_PERFETTO_INTERN_H

#include "base/buf.h"
#include "timeline.h"

struct perfetto_intern {
	const struct timeline *timeline;
	struct buf pending; // of an InternedData message: entries for the next packet
	uint8_t *names;     // [strid]: was written; so for all of these
	uint8_t *functions; // [strid]
	uint8_t *frames;    // [location]
	uint8_t *mappings;
	uint8_t *stacks;
	uint8_t *stack_texts;
};

/** The timeline gets no more strings afterwards. */
void perfetto_intern_init(struct perfetto_intern *in, const struct timeline *t);
void perfetto_intern_deinit(struct perfetto_intern *in);

/// Each returns the number to refer by.

uint64_t perfetto_event_name(struct perfetto_intern *in, strid name);
uint64_t perfetto_callstack(struct perfetto_intern *in, uint32_t stack);
/** The same as text, for viewers that show no callstacks of slices. */
uint64_t perfetto_stack_text(struct perfetto_intern *in, uint32_t stack);

/** An entry that the caller numbers: a category, an annotation's name. */
void perfetto_entry(struct perfetto_intern *in, unsigned field, uint64_t iid, struct str text);

/** A string field with the bytes that are no UTF-8 replaced. */
void perfetto_text(struct buf *b, unsigned field, struct str text);

#endif
