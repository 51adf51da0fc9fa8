// SPDX-License-Identifier: MIT
// From events to spans (see timeline_build.h).
#include "timeline_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"

enum { NOTE_BYTES = 256 };

// Room for one more at the end of a list of the trace.
#define ADD(t, list) \
	((t)->list = mem_grow((t)->list, &(t)->list##_cap, (t)->n##list + 1, sizeof(*(t)->list)), \
			&(t)->list[(t)->n##list++])

struct timeline *timeline_create(void)
{
	struct timeline *t = mem_zeroed(1, sizeof(*t));
	t->symbols = profile_create();
	idmap_init(&t->thread_of_tid, 0);
	*ADD(t, stacks) = (struct timeline_stack){0};
	t->frames = mem_grow(t->frames, &t->frames_cap, 1, sizeof(*t->frames));
	return t;
}

void timeline_destroy(struct timeline *t)
{
	profile_destroy(t->symbols);
	idmap_deinit(&t->thread_of_tid);
	free(t->notes);
	free(t->threads);
	free(t->spans);
	free(t->censuses);
	free(t->shares);
	free(t->regions);
	free(t->tasks);
	free(t->logs);
	free(t->samples);
	free(t->counters);
	free(t->wakes);
	free(t->stacks);
	hash_index_deinit(&t->places);
	free(t->frames);
	free(t);
}

struct str timeline_function_name(const struct timeline *t, uint32_t location)
{
	const struct profile *p = t->symbols;
	const struct location *l = &p->locations[location];
	return l->nlines ? profile_function_name(p, p->lines[l->line_begin].function) : STR("");
}

void timeline_put_labels(const struct timeline *t, uint32_t stack, struct buf *out)
{
	const struct profile *p = t->symbols;
	struct label_set set = p->label_sets[t->stacks[stack].label_set];
	for (uint32_t i = 0; i < set.n; i++) {
		const struct label *l = &p->labels[set.begin + i];
		buf_cstr(out, i ? ", " : "");
		buf_str(out, profile_str(p, l->key));
		buf_byte(out, ':');
		buf_str(out, profile_str(p, l->str));
	}
}

// The trace lasts at least until its last event, a thread too.
static int64_t note_time(struct timeline *t, uint32_t thread, int64_t at_ns)
{
	t->end_ns = later(t->end_ns, at_ns);
	struct timeline_thread *th = &t->threads[thread];
	if (th->end_ns > at_ns)
		return th->end_ns;
	return th->end_ns = at_ns;
}

uint32_t timeline_add_thread(struct timeline *t, uint32_t tid, int64_t at_ns)
{
	*ADD(t, threads) = (struct timeline_thread){
			.tid = tid,
			.begin_ns = at_ns,
			.end_ns = at_ns,
			.open_span = NO_INDEX,
			.open_region = NO_INDEX,
			.before_of_tid = idmap_get(&t->thread_of_tid, tid), // IDMAP_NONE is NO_INDEX
	};
	t->end_ns = later(t->end_ns, at_ns);
	idmap_set(&t->thread_of_tid, tid, t->nthreads - 1);
	return t->nthreads - 1;
}

uint32_t timeline_thread_at(const struct timeline *t, uint32_t tid, int64_t at_ns)
{
	uint32_t i = idmap_get(&t->thread_of_tid, tid);
	while (i != NO_INDEX && t->threads[i].begin_ns > at_ns && t->threads[i].before_of_tid != NO_INDEX)
		i = t->threads[i].before_of_tid;
	return i;
}

// Of the first stack with these frames; if there is none, the next stack becomes it.
static uint32_t place_of(struct timeline *t, const uint32_t *locations, uint32_t n)
{
	uint64_t hash = hash_bytes(locations, n * sizeof(*locations));
	struct hash_probe probe = hash_index_probe(&t->places, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		if (t->stacks[i].n == n && !memcmp(timeline_frames(t, i), locations, n * sizeof(*locations)))
			return i;
	}
	hash_index_add(&t->places, hash, t->nstacks);
	return t->nstacks;
}

uint32_t timeline_add_stack(struct timeline *t, const uint32_t *locations, uint32_t n, uint32_t label_set)
{
	if (!n)
		return 0;
	struct timeline_stack s = {t->nframes, n, place_of(t, locations, n), label_set};
	if (s.place < t->nstacks) {
		s.begin = t->stacks[s.place].begin;
	} else {
		t->frames = mem_grow(t->frames, &t->frames_cap, t->nframes + n, sizeof(*t->frames));
		memcpy(t->frames + t->nframes, locations, n * sizeof(*locations));
		t->nframes += n;
	}
	*ADD(t, stacks) = s;
	return t->nstacks - 1;
}

static void close_span(struct timeline *t, struct timeline_thread *th, int64_t at_ns)
{
	t->spans[th->open_span].end_ns = at_ns;
	th->open_span = NO_INDEX;
}

static struct timeline_span *add_span(struct timeline *t, uint32_t thread, enum timeline_state state, int64_t begin_ns,
		int64_t end_ns)
{
	struct timeline_span *s = ADD(t, spans);
	*s = (struct timeline_span){.thread = thread, .state = (uint8_t)state, .begin_ns = begin_ns,
			.end_ns = end_ns, .waker = NO_INDEX};
	return s;
}

void timeline_begin_wait(struct timeline *t, const struct timeline_span *wait)
{
	struct timeline_thread *th = &t->threads[wait->thread];
	int64_t at_ns = note_time(t, wait->thread, wait->begin_ns);
	if (th->open_span != NO_INDEX)
		close_span(t, th, at_ns);
	struct timeline_span *s = ADD(t, spans);
	*s = *wait;
	s->begin_ns = s->end_ns = at_ns;
	s->waker = NO_INDEX;
	th->open_span = t->nspans - 1;
}

void timeline_end_wait(struct timeline *t, uint32_t thread, int64_t at_ns, uint32_t waker_tid, bool is_given_up)
{
	struct timeline_thread *th = &t->threads[thread];
	int64_t known_ns = th->end_ns;
	at_ns = note_time(t, thread, at_ns);
	if (th->open_span != NO_INDEX) {
		struct timeline_span *s = &t->spans[th->open_span];
		s->waker_tid = waker_tid;
		s->is_given_up = is_given_up;
		close_span(t, th, at_ns);
	} else if (known_ns == th->begin_ns) {
		struct timeline_span *s = add_span(t, thread, STATE_UNKNOWN, known_ns, at_ns);
		s->what = profile_intern(t->symbols, STR("wait from before the trace"));
		s->is_cut = true;
	}
}

void timeline_begin_region(struct timeline *t, const struct timeline_region *region)
{
	struct timeline_thread *th = &t->threads[region->thread];
	struct timeline_region *r = ADD(t, regions);
	*r = *region;
	r->begin_ns = r->end_ns = note_time(t, region->thread, region->begin_ns);
	r->outer = th->open_region;
	th->open_region = t->nregions - 1;
}

static void close_region(struct timeline *t, struct timeline_thread *th, int64_t at_ns, bool is_cut)
{
	struct timeline_region *r = &t->regions[th->open_region];
	r->end_ns = at_ns;
	r->is_cut |= is_cut;
	th->open_region = r->outer;
}

void timeline_end_region(struct timeline *t, uint32_t thread, strid name, uint64_t task, int64_t at_ns)
{
	struct timeline_thread *th = &t->threads[thread];
	at_ns = note_time(t, thread, at_ns);
	uint32_t r = th->open_region;
	while (r != NO_INDEX && t->regions[r].name != name)
		r = t->regions[r].outer;
	if (r == NO_INDEX) { // it began before the trace
		*ADD(t, regions) = (struct timeline_region){.begin_ns = th->begin_ns, .end_ns = at_ns,
				.thread = thread, .name = name, .task = task, .is_cut = true, .outer = NO_INDEX};
		return;
	}
	while (th->open_region != r)
		close_region(t, th, at_ns, true);
	close_region(t, th, at_ns, false);
}

void timeline_add_census(struct timeline *t, const struct timeline_census *census)
{
	*ADD(t, censuses) = *census;
}

void timeline_end_thread(struct timeline *t, uint32_t thread, int64_t at_ns)
{
	note_time(t, thread, at_ns);
	t->threads[thread].is_ended = true;
}

void timeline_add_task(struct timeline *t, const struct timeline_task *task)
{
	*ADD(t, tasks) = *task;
}

void timeline_add_log(struct timeline *t, const struct timeline_log *log)
{
	struct timeline_log *new = ADD(t, logs);
	*new = *log;
	new->at_ns = note_time(t, log->thread, log->at_ns);
}

void timeline_add_sample(struct timeline *t, const struct timeline_sample *sample)
{
	struct timeline_sample *new = ADD(t, samples);
	*new = *sample;
	new->at_ns = note_time(t, sample->thread, sample->at_ns);
}

void timeline_add_counter(struct timeline *t, const struct timeline_counter *counter)
{
	*ADD(t, counters) = *counter;
	t->end_ns = later(t->end_ns, counter->at_ns);
}

void timeline_add_wake(struct timeline *t, const struct timeline_wake *wake)
{
	struct timeline_wake *new = ADD(t, wakes);
	*new = *wake;
	new->at_ns = note_time(t, wake->thread, wake->at_ns);
}

void timeline_add_note(struct timeline *t, const char *fmt, ...)
{
	char text[NOTE_BYTES];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strid id = profile_intern(t->symbols, str_from(text));
	*ADD(t, notes) = id;
}

void timeline_add_gap(struct timeline *t, uint32_t thread, int64_t at_ns, uint64_t nlost)
{
	struct timeline_thread *th = &t->threads[thread];
	int64_t begin_ns = th->end_ns;
	at_ns = note_time(t, thread, at_ns);
	if (th->open_span != NO_INDEX)
		close_span(t, th, begin_ns);
	while (th->open_region != NO_INDEX)
		close_region(t, th, begin_ns, true);
	add_span(t, thread, STATE_UNKNOWN, begin_ns, at_ns)->what = profile_intern(t->symbols, STR("lost events"));
	t->nlost = t->nlost + nlost < nlost ? UINT64_MAX : t->nlost + nlost;
}
