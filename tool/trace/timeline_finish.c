// SPDX-License-Identifier: MIT
// The last step of making a trace (see timeline_build.h): what is open ends, spans come into order, each finds the
// release or signal that ended it, and threads their sums.
#include "timeline_build.h"

#include <stdlib.h>

static void close_all(struct timeline *t)
{
	for (uint32_t i = 0; i < t->nthreads; i++) {
		struct timeline_thread *th = &t->threads[i];
		if (!th->is_ended)
			th->end_ns = t->end_ns;
		if (th->open_span != NO_INDEX) {
			t->spans[th->open_span].end_ns = th->end_ns;
			t->spans[th->open_span].is_cut = true;
		}
		for (uint32_t r = th->open_region; r != NO_INDEX; r = t->regions[r].outer) {
			t->regions[r].end_ns = th->end_ns;
			t->regions[r].is_cut = true;
		}
		th->open_span = th->open_region = NO_INDEX;
	}
}

static int by_thread_and_time(const void *a, const void *b)
{
	const struct timeline_span *x = a, *y = b;
	int c = compare(x->thread, y->thread);
	if (!c)
		c = compare(x->begin_ns, y->begin_ns);
	return c ? c : compare(x->end_ns, y->end_ns);
}

static int by_object_thread_and_time(const void *a, const void *b)
{
	const struct timeline_wake *x = a, *y = b;
	if (x->object != y->object)
		return (x->object > y->object) - (x->object < y->object);
	int c = compare(x->thread, y->thread);
	return c ? c : compare(x->at_ns, y->at_ns);
}

static void sort(void *list, uint32_t n, size_t size, int (*compare_two)(const void *, const void *))
{
	if (n)
		qsort(list, n, size, compare_two);
}

// The thread's last one on the object until at_ns.
static const struct timeline_wake *last_wake(const struct timeline *t, uint64_t object, uint32_t thread,
		int64_t at_ns)
{
	struct timeline_wake until = {.object = object, .thread = thread, .at_ns = at_ns};
	uint32_t low = 0, high = t->nwakes;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (by_object_thread_and_time(&t->wakes[middle], &until) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	const struct timeline_wake *w = low ? &t->wakes[low - 1] : NULL;
	return w && w->object == object && w->thread == thread ? w : NULL;
}

// Who it was is in the file; when, and in which place, is to be found among what that thread did.
static void find_wake(const struct timeline *t, struct timeline_span *s)
{
	const struct timeline_wake *w = s->waker == NO_INDEX ? NULL
			: last_wake(t, s->object, s->waker, s->end_ns);
	s->woken_ns = s->end_ns;
	if (!w || w->at_ns < s->begin_ns)
		return;
	s->waker_stack = w->stack;
	s->woken_ns = w->at_ns;
}

static void sum_spans(struct timeline *t)
{
	for (uint32_t i = 0; i < t->nspans; i++) {
		struct timeline_span *s = &t->spans[i];
		struct timeline_thread *th = &t->threads[s->thread];
		if (!th->nspans++)
			th->first_span = i;
		else if (s->begin_ns < s[-1].end_ns) // only where the file is wrong
			s->begin_ns = earlier(s[-1].end_ns, s->end_ns);
		s->waker = s->waker_tid ? timeline_thread_at(t, s->waker_tid, s->end_ns) : NO_INDEX;
		find_wake(t, s);
		th->state_ns[s->state] += timeline_wait_end(s) - s->begin_ns;
		th->state_ns[STATE_RUNNABLE] += s->end_ns - timeline_wait_end(s);
	}
}

static void sum_threads(struct timeline *t)
{
	for (uint32_t i = 0; i < t->nthreads; i++) {
		struct timeline_thread *th = &t->threads[i];
		int64_t *sums = th->state_ns;
		sums[STATE_RUNNING] = th->end_ns - th->begin_ns;
		for (int state = STATE_RUNNING + 1; state < NSTATES; state++)
			sums[STATE_RUNNING] -= sums[state];
	}
}

void timeline_finish(struct timeline *t)
{
	close_all(t);
	sort(t->spans, t->nspans, sizeof(*t->spans), by_thread_and_time);
	sort(t->wakes, t->nwakes, sizeof(*t->wakes), by_object_thread_and_time);
	sum_spans(t);
	sum_threads(t);
	timeline_share_running(t);
}
