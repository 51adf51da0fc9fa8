// SPDX-License-Identifier: MIT
// What threads did, as Perfetto's slices (see perfetto_event.h). Readers sort packets by time, and those of one
// time stay in the order they were written, so slices only need to nest within their thread.
#include "perfetto_event.h"

#include <stdlib.h>

#include "base/mem.h"

enum slice_kind { SLICE_REGION, SLICE_WAIT, SLICE_READY };

struct slice {
	int64_t begin_ns, end_ns;
	uint32_t thread, index;
	enum slice_kind kind;
};

// Outer ones first.
static int by_nesting(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int c = compare(x->thread, y->thread);
	if (!c)
		c = compare(x->begin_ns, y->begin_ns);
	if (!c)
		c = compare(y->end_ns, x->end_ns);
	if (!c)
		c = compare(x->kind, y->kind);
	return c ? c : compare(x->index, y->index);
}

static void put_region(struct encoder *e, const struct slice *s, uint64_t track)
{
	const struct timeline_region *r = &e->t->regions[s->index];
	begin_named(e, EVENT_SLICE_BEGIN, track, CATEGORY_REGION, r->name);
	if (r->task) {
		annotate(e, NOTE_TASK, ANNOTATION_UINT, r->task);
		pbout_fixed64(&e->body, EVENT_FLOW_IDS, task_flow(r->task));
	}
	put_event(e, s->begin_ns);
}

static void put_wait(struct encoder *e, const struct slice *s, uint64_t track)
{
	const struct timeline_span *span = &e->t->spans[s->index];
	begin_named(e, EVENT_SLICE_BEGIN, track, 1u + span->state, span->what);
	if (span->object && timeline_is_lock(span))
		annotate(e, NOTE_LOCK, ANNOTATION_POINTER, span->object);
	else if (span->object)
		annotate(e, NOTE_FD, ANNOTATION_UINT, span->object);
	if (span->object_name)
		annotate_text(e, NOTE_NAME, timeline_str(e->t, span->object_name));
	if (span->waker != NO_INDEX)
		annotate_text(e, NOTE_WOKEN_BY, thread_label(e->t, span->waker));
	if (span->is_given_up)
		annotate_text(e, NOTE_OUTCOME, STR("given up"));
	add_stack(e, span->stack);
	put_event(e, s->begin_ns);
}

// The flow from the wake ends here.
static void put_ready(struct encoder *e, const struct slice *s, uint64_t track)
{
	begin_named(e, EVENT_SLICE_BEGIN, track, 1u + STATE_RUNNABLE, e->ready);
	pbout_fixed64(&e->body, EVENT_TERMINATING_FLOW_IDS, wake_flow(s->index));
	put_event(e, s->begin_ns);
}

static void put_wake(struct encoder *e, const struct timeline_span *s, uint32_t index)
{
	begin_named(e, EVENT_INSTANT, thread_track(s->waker), CATEGORY_WAKE, e->wakes);
	if (s->object)
		annotate(e, NOTE_LOCK, ANNOTATION_POINTER, s->object);
	pbout_fixed64(&e->body, EVENT_FLOW_IDS, wake_flow(index));
	add_stack(e, s->waker_stack);
	put_event(e, s->woken_ns);
}

static uint32_t collect_slices(const struct timeline *t, struct slice *slices)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < t->nregions; i++) {
		const struct timeline_region *r = &t->regions[i];
		slices[n++] = (struct slice){r->begin_ns, r->end_ns, r->thread, i, SLICE_REGION};
	}
	for (uint32_t i = 0; i < t->nspans; i++) {
		const struct timeline_span *s = &t->spans[i];
		slices[n++] = (struct slice){s->begin_ns, s->end_ns, s->thread, i, SLICE_WAIT};
		if (s->waker != NO_INDEX)
			slices[n++] = (struct slice){s->woken_ns, s->end_ns, s->thread, i, SLICE_READY};
	}
	qsort(slices, n, sizeof(*slices), by_nesting);
	return n;
}

// Slices that have begun and not ended, outer ones first.
struct nesting {
	struct encoder *encoder;
	const struct slice **open;
	uint32_t n;
};

static const struct slice *innermost(const struct nesting *nest)
{
	return nest->n ? nest->open[nest->n - 1] : NULL;
}

static void end_innermost(struct nesting *nest)
{
	const struct slice *s = nest->open[--nest->n];
	put_end(nest->encoder, thread_track(s->thread), s->end_ns);
}

static void put_slice(struct nesting *nest, struct slice *s)
{
	static void (*const put[])(struct encoder *, const struct slice *, uint64_t) = {
			[SLICE_REGION] = put_region, [SLICE_WAIT] = put_wait, [SLICE_READY] = put_ready};
	const struct slice *outer;
	while ((outer = innermost(nest)) && (outer->thread != s->thread || outer->end_ns <= s->begin_ns))
		end_innermost(nest);
	if (outer && outer->end_ns < s->end_ns) // only where events were lost
		s->end_ns = outer->end_ns;
	put[s->kind](nest->encoder, s, thread_track(s->thread));
	nest->open[nest->n++] = s;
}

static void put_wakes(struct encoder *e)
{
	for (uint32_t i = 0; i < e->t->nspans; i++) {
		if (e->t->spans[i].waker != NO_INDEX)
			put_wake(e, &e->t->spans[i], i);
	}
}

void put_slices(struct encoder *e)
{
	const struct timeline *t = e->t;
	struct slice *slices = mem_zeroed((size_t)t->nregions + 2ul * t->nspans, sizeof(*slices));
	uint32_t n = collect_slices(t, slices);
	struct nesting nest = {.encoder = e, .open = mem_zeroed(n, sizeof(*nest.open))};
	for (uint32_t i = 0; i < n; i++)
		put_slice(&nest, &slices[i]);
	while (nest.n)
		end_innermost(&nest);
	put_wakes(e);
	free(nest.open);
	free(slices);
}
