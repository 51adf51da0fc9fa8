// SPDX-License-Identifier: MIT
// Writing packets and track events (see perfetto_event.h).
#include "perfetto_event.h"

enum { SEQUENCE = 1 };

void put_packet(struct encoder *e, unsigned field, int64_t at_ns)
{
	struct buf *b = &e->packet;
	pbout_varint(b, PACKET_TIMESTAMP, (uint64_t)(e->t->start_mono_ns + at_ns));
	pbout_varint(b, PACKET_SEQUENCE_ID, SEQUENCE);
	pbout_varint(b, PACKET_SEQUENCE_FLAGS,
			e->has_begun ? SEQUENCE_NEEDS_STATE : SEQUENCE_STATE_CLEARED);
	e->has_begun = true;
	if (e->intern.pending.len)
		pbout_string(b, PACKET_INTERNED_DATA, (struct str){e->intern.pending.ptr, e->intern.pending.len});
	pbout_string(b, field, (struct str){e->body.ptr, e->body.len});
	pbout_string(e->out, TRACE_PACKET, (struct str){b->ptr, b->len});
	e->intern.pending.len = e->body.len = b->len = 0;
}

void begin_event(struct encoder *e, unsigned type, uint64_t track)
{
	pbout_varint(&e->body, EVENT_TYPE, type);
	pbout_varint(&e->body, EVENT_TRACK_UUID, track);
}

void begin_named(struct encoder *e, unsigned type, uint64_t track, unsigned category, strid name)
{
	begin_event(e, type, track);
	pbout_varint(&e->body, EVENT_CATEGORY_IIDS, category);
	pbout_varint(&e->body, EVENT_NAME_IID, perfetto_event_name(&e->intern, name));
}

void annotate(struct encoder *e, enum annotation name, unsigned field, uint64_t value)
{
	size_t annotation = pbout_begin(&e->body, EVENT_DEBUG_ANNOTATIONS);
	pbout_varint(&e->body, ANNOTATION_NAME_IID, name);
	pbout_varint(&e->body, field, value);
	pbout_end(&e->body, annotation);
}

void annotate_text(struct encoder *e, enum annotation name, struct str text)
{
	size_t annotation = pbout_begin(&e->body, EVENT_DEBUG_ANNOTATIONS);
	pbout_varint(&e->body, ANNOTATION_NAME_IID, name);
	perfetto_text(&e->body, ANNOTATION_STRING, text);
	pbout_end(&e->body, annotation);
}

void add_stack(struct encoder *e, uint32_t stack)
{
	if (!stack)
		return;
	if (e->t->stacks[stack].label_set) {
		struct buf text = {0};
		timeline_put_labels(e->t, stack, &text);
		annotate_text(e, NOTE_LABELS, (struct str){text.ptr, text.len});
		buf_deinit(&text);
	}
	annotate(e, NOTE_STACK, ANNOTATION_STRING_IID, perfetto_stack_text(&e->intern, stack));
	pbout_varint(&e->body, EVENT_CALLSTACK_IID, perfetto_callstack(&e->intern, stack));
}

void put_event(struct encoder *e, int64_t at_ns)
{
	put_packet(e, PACKET_TRACK_EVENT, at_ns);
}

void put_end(struct encoder *e, uint64_t track, int64_t at_ns)
{
	begin_event(e, EVENT_SLICE_END, track);
	put_event(e, at_ns);
}
