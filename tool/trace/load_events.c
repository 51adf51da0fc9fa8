// SPDX-License-Identifier: MIT
// From events of the file to calls of timeline_build.h (see load_events.h).
#include "load_events.h"

#include <stdlib.h>

#include "base/mem.h"
#include "timeline_build.h"

// Longer than any trace; sums of a few such times still fit 64 bits.
static const uint64_t max_ns = 1ull << 52;

static int64_t relative(const struct load_events *l, uint64_t ns)
{
	uint64_t since = ns > l->base_ns ? ns - l->base_ns : 0;
	return (int64_t)(since < max_ns ? since : max_ns);
}

static int64_t clamp(uint64_t ns)
{
	return (int64_t)(ns < max_ns ? ns : max_ns);
}

static enum timeline_state state_of(uint64_t wait)
{
	if (wait == TRACE_WAIT_SLEEP)
		return STATE_SLEEP;
	switch (trace_wait_class(wait)) {
	case TRACE_CLASS_SYNC:
		return wait >= TRACE_WAIT_MUTEX && wait <= TRACE_WAIT_SPIN ? STATE_LOCK : STATE_WAITING;
	case TRACE_CLASS_NETWORK:
		return STATE_NETWORK;
	default:
		return STATE_SYSCALL;
	}
}

// Since when a thread is there whose start is not in the trace.
static int64_t known_since(const struct load_events *l, const struct trace_event *e)
{
	int64_t at_ns = relative(l, e->time_ns);
	if (e->kind == TRACE_WAIT_END || e->kind == TRACE_REGION_END) // of what began before the trace
		return 0;
	uint32_t note = idmap_get(&l->first_notes, e->tid);
	return note != IDMAP_NONE && l->notes[note].at_ns < at_ns ? l->notes[note].at_ns : at_ns;
}

// The thread whose event it is.
static uint32_t thread_of(struct load_events *l, const struct trace_event *e)
{
	struct timeline *t = l->timeline;
	uint32_t i = idmap_get(&t->thread_of_tid, e->tid);
	if (i != NO_INDEX && !t->threads[i].is_ended)
		return i;
	return timeline_add_thread(t, e->tid, i == NO_INDEX ? known_since(l, e) : relative(l, e->time_ns));
}

static void start_thread(struct load_events *l, const struct trace_event *e, int64_t at_ns)
{
	struct timeline *t = l->timeline;
	uint32_t i = idmap_get(&t->thread_of_tid, e->tid);
	if (i != NO_INDEX && !t->threads[i].is_ended)
		timeline_end_thread(t, i, t->threads[i].end_ns);
	i = timeline_add_thread(t, e->tid, at_ns);
	t->threads[i].is_born = true;
}

static void stop_thread(struct load_events *l, const struct trace_event *e, uint32_t thread, int64_t at_ns)
{
	struct timeline *t = l->timeline;
	if (e->text_bytes)
		t->threads[thread].name = profile_intern(t->symbols, (struct str){e->text, e->text_bytes});
	timeline_end_thread(t, thread, at_ns);
}

static void begin_wait(struct load_events *l, const struct trace_event *e, uint32_t thread, int64_t at_ns)
{
	timeline_begin_wait(l->timeline, &(struct timeline_span){
			.begin_ns = at_ns,
			.thread = thread,
			.state = (uint8_t)state_of(e->wait_begin.wait),
			.what = profile_intern(l->timeline->symbols, str_from(trace_wait_name(e->wait_begin.wait))),
			.object = e->wait_begin.object,
			.stack = load_stack(l->tables, e->wait_begin.stack),
	});
}

static void note(struct load_events *l, struct load_note note)
{
	l->notes = mem_grow(l->notes, &l->notes_cap, l->nnotes + 1, sizeof(*l->notes));
	if (idmap_get(&l->first_notes, note.tid) == IDMAP_NONE)
		idmap_set(&l->first_notes, note.tid, l->nnotes);
	l->notes[l->nnotes++] = note;
}

static void end_task(struct load_events *l, uint64_t id, int64_t at_ns)
{
	l->task_ends = mem_grow(l->task_ends, &l->task_ends_cap, l->ntask_ends + 1, sizeof(*l->task_ends));
	l->task_ends[l->ntask_ends++] = (struct load_task_end){id, at_ns};
}

// Of the process, of no thread.
static void take_process_event(struct load_events *l, const struct trace_event *e, int64_t at_ns)
{
	struct profile *p = l->timeline->symbols;
	switch (e->kind) {
	case TRACE_THREAD_NAME:
		note(l, (struct load_note){.at_ns = at_ns, .tid = (uint32_t)e->thread_name.of_tid, .is_name = true,
				.name = profile_intern(p, (struct str){e->text, e->text_bytes})});
		break;
	case TRACE_THREAD_TIMES:
		note(l, (struct load_note){.at_ns = at_ns, .tid = (uint32_t)e->thread_times.of_tid,
				.cpu_ns = clamp(e->thread_times.cpu_ns),
				.runqueue_ns = clamp(e->thread_times.runqueue_ns)});
		break;
	case TRACE_COUNTER:
		timeline_add_counter(l->timeline, &(struct timeline_counter){.at_ns = at_ns,
				.name = load_string(l->tables, e->counter.name),
				.value = (int64_t)e->counter.value});
		break;
	default:
		break;
	}
}

static void take_user_event(struct load_events *l, const struct trace_event *e, uint32_t thread, int64_t at_ns)
{
	struct timeline *t = l->timeline;
	const struct load_tables *tables = l->tables;
	switch (e->kind) {
	case TRACE_TASK_BEGIN:
		timeline_add_task(t, &(struct timeline_task){.begin_ns = at_ns, .thread = thread,
				.id = e->task_begin.task, .parent = e->task_begin.parent,
				.name = load_string(tables, e->task_begin.type)});
		break;
	case TRACE_TASK_END:
		end_task(l, e->task_end.task, at_ns);
		break;
	case TRACE_REGION_BEGIN:
		timeline_begin_region(t, &(struct timeline_region){.begin_ns = at_ns, .thread = thread,
				.task = e->region_begin.task, .name = load_string(tables, e->region_begin.type)});
		break;
	case TRACE_REGION_END:
		timeline_end_region(t, thread, load_string(tables, e->region_end.type), e->region_end.task,
				at_ns);
		break;
	case TRACE_LOG:
		timeline_add_log(t, &(struct timeline_log){.at_ns = at_ns, .thread = thread, .task = e->log.task,
				.category = load_string(tables, e->log.category),
				.message = profile_intern(t->symbols, (struct str){e->text, e->text_bytes})});
		break;
	default:
		break;
	}
}

void load_events_init(struct load_events *l, struct timeline *t, const struct load_tables *tables, uint64_t base_ns)
{
	*l = (struct load_events){.timeline = t, .tables = tables, .base_ns = base_ns};
	idmap_init(&l->first_notes, 0);
}

void load_event(struct load_events *l, const struct trace_event *e)
{
	struct timeline *t = l->timeline;
	int64_t at_ns = relative(l, e->time_ns);
	t->nevents++;
	if (e->kind == TRACE_THREAD_START) {
		start_thread(l, e, at_ns);
		return;
	}
	if (!e->tid || e->kind == TRACE_COUNTER) {
		take_process_event(l, e, at_ns);
		return;
	}
	uint32_t thread = thread_of(l, e);
	switch (e->kind) {
	case TRACE_THREAD_STOP:
		stop_thread(l, e, thread, at_ns);
		break;
	case TRACE_WAIT_BEGIN:
		begin_wait(l, e, thread, at_ns);
		break;
	case TRACE_WAIT_END:
		timeline_end_wait(t, thread, at_ns, (uint32_t)e->wait_end.waker_tid, e->wait_end.is_given_up);
		break;
	case TRACE_WAKE:
		timeline_add_wake(t, &(struct timeline_wake){.at_ns = at_ns, .thread = thread,
				.object = e->wake.object, .stack = load_stack(l->tables, e->wake.stack)});
		break;
	case TRACE_CPU_SAMPLE:
		timeline_add_sample(t, &(struct timeline_sample){.at_ns = at_ns, .thread = thread,
				.cpu_ns = clamp(e->cpu_sample.cpu_ns),
				.stack = load_stack(l->tables, e->cpu_sample.stack)});
		break;
	case TRACE_LOST:
		timeline_add_gap(t, thread, at_ns, e->lost.count);
		break;
	default:
		take_user_event(l, e, thread, at_ns);
	}
}

// A thread without events of its own was there as long as the process noted it.
static uint32_t noted_thread(struct timeline *t, uint32_t tid, int64_t at_ns, uint32_t nwith_events)
{
	uint32_t thread = timeline_thread_at(t, tid, at_ns);
	if (thread == NO_INDEX)
		thread = timeline_add_thread(t, tid, at_ns);
	if (thread >= nwith_events)
		timeline_end_thread(t, thread, at_ns);
	return thread;
}

static void apply_notes(struct load_events *l)
{
	struct timeline *t = l->timeline;
	uint32_t nwith_events = t->nthreads;
	for (uint32_t i = 0; i < l->nnotes; i++) {
		const struct load_note *n = &l->notes[i];
		uint32_t thread = noted_thread(t, n->tid, n->at_ns, nwith_events);
		if (n->is_name)
			t->threads[thread].name = n->name;
		else
			timeline_add_census(t, &(struct timeline_census){.at_ns = n->at_ns, .thread = thread,
					.cpu_ns = n->cpu_ns, .runqueue_ns = n->runqueue_ns});
	}
}

static void apply_task_ends(struct load_events *l)
{
	struct timeline *t = l->timeline;
	struct idmap task_of_id;
	idmap_init(&task_of_id, t->ntasks);
	for (uint32_t i = 0; i < t->ntasks; i++) {
		struct timeline_task *task = &t->tasks[i];
		task->end_ns = t->end_ns;
		task->is_cut = true;
		idmap_set(&task_of_id, task->id, i);
	}
	for (uint32_t i = l->ntask_ends; i-- > 0;) {
		const struct load_task_end *end = &l->task_ends[i];
		uint32_t k = idmap_get(&task_of_id, end->id);
		if (k == IDMAP_NONE || end->at_ns < t->tasks[k].begin_ns)
			continue;
		// Only the first of several counts.
		t->tasks[k].is_cut = false;
		if (end->at_ns < t->tasks[k].end_ns)
			t->tasks[k].end_ns = end->at_ns;
	}
	idmap_deinit(&task_of_id);
}

void load_events_finish(struct load_events *l)
{
	apply_notes(l);
	apply_task_ends(l);
}

void load_events_deinit(struct load_events *l)
{
	idmap_deinit(&l->first_notes);
	free(l->notes);
	free(l->task_ends);
}
