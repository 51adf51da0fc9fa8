// SPDX-License-Identifier: MIT
// Part of timeline_finish(): a thread that waits for nothing the trace knows of may still not run, for want of
// a CPU, or for something the trace does not know. The kernel's counts tell how long; when, only between which
// two censuses.
#include "timeline_build.h"

#include <stdlib.h>

#include "base/mem.h"

// Less than one part in so many is the census' own inaccuracy.
enum { NOTICEABLE = 20 };

static int by_thread_and_time(const void *a, const void *b)
{
	const struct timeline_census *x = a, *y = b;
	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

// What of [begin, end) the thread did not wait. *span: its first that may reach into it; moves on.
static int64_t not_waited(const struct timeline *t, const struct timeline_thread *th, uint32_t *span,
		int64_t begin_ns, int64_t end_ns)
{
	int64_t ns = end_ns - begin_ns;
	for (; *span < th->first_span + th->nspans; ++*span) {
		const struct timeline_span *s = &t->spans[*span];
		if (s->begin_ns < end_ns)
			ns -= later(earlier(s->end_ns, end_ns) - later(s->begin_ns, begin_ns), 0);
		if (s->end_ns >= end_ns)
			break;
	}
	return ns;
}

static struct timeline_share share_between(const struct timeline_census *a, const struct timeline_census *b,
		int64_t running_ns)
{
	struct timeline_share s = {.begin_ns = a->at_ns, .end_ns = b->at_ns, .running_ns = running_ns};
	int64_t off_cpu_ns = later(running_ns - later(b->cpu_ns - a->cpu_ns, 0), 0);
	s.runnable_ns = earlier(off_cpu_ns, later(b->runqueue_ns - a->runqueue_ns, 0));
	s.off_ns = off_cpu_ns - s.runnable_ns;
	int64_t little_ns = (s.end_ns - s.begin_ns) / NOTICEABLE;
	s.off_state = s.off_ns >= s.end_ns - s.begin_ns - little_ns ? STATE_SLEEP : STATE_UNKNOWN;
	if (s.off_ns < little_ns)
		s.off_ns = 0;
	s.running_ns -= s.runnable_ns + s.off_ns;
	return s;
}

static void share_thread(struct timeline *t, uint32_t thread, const struct timeline_census *list, uint32_t n)
{
	struct timeline_thread *th = &t->threads[thread];
	struct timeline_census before = {.at_ns = th->begin_ns};
	uint32_t span = th->first_span;
	th->first_share = t->nshares;
	for (uint32_t i = 0; i < n; i++) {
		struct timeline_census now = list[i];
		now.at_ns = earlier(now.at_ns, th->end_ns);
		// Of one that began before the trace, the first census only says what was before.
		if ((i > 0 || th->is_born) && now.at_ns > before.at_ns) {
			int64_t ns = not_waited(t, th, &span, before.at_ns, now.at_ns);
			struct timeline_share s = share_between(&before, &now, ns);
			t->shares[t->nshares++] = s;
			th->state_ns[STATE_RUNNING] -= s.runnable_ns + s.off_ns;
			th->state_ns[STATE_RUNNABLE] += s.runnable_ns;
			th->state_ns[s.off_state] += s.off_ns;
		}
		now.at_ns = later(now.at_ns, before.at_ns);
		before = now;
	}
	th->nshares = t->nshares - th->first_share;
}

void timeline_share_running(struct timeline *t)
{
	const struct timeline_census *list = t->censuses;
	if (!t->ncensuses)
		return;
	qsort(t->censuses, t->ncensuses, sizeof(*t->censuses), by_thread_and_time);
	t->shares = mem_grow(NULL, &t->shares_cap, t->ncensuses, sizeof(*t->shares));
	for (uint32_t i = 0, end; i < t->ncensuses; i = end) {
		for (end = i; end < t->ncensuses && list[end].thread == list[i].thread;)
			end++;
		share_thread(t, list[i].thread, list + i, end - i);
	}
}
