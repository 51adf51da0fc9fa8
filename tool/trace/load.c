// SPDX-License-Identifier: MIT
// Reading a trace file (see load.h): its tables first, then the events of each thread in their order.
#include "load.h"

#include <stdlib.h>

#include "base/mem.h"
#include "load_events.h"
#include "timeline_build.h"

// Of the clock that says when a trace began: a machine is up for less than that.
static const uint64_t max_start_ns = 1ull << 60;

struct loader {
	struct timeline *timeline;
	struct load_tables tables;
	struct load_events events;
	struct trace_chunk *chunks;
	uint32_t nchunks, chunks_cap;
	uint64_t base_ns; // what is time 0
	bool is_damaged, has_end;
};

static int by_time_and_place(const void *a, const void *b)
{
	const struct trace_chunk *x = a, *y = b;
	if (x->base_ns != y->base_ns)
		return x->base_ns < y->base_ns ? -1 : 1;
	return x->payload.at < y->payload.at ? -1 : x->payload.at > y->payload.at;
}

static void collect_chunks(struct loader *l, struct trace_reader *r)
{
	struct trace_chunk c;
	l->base_ns = UINT64_MAX;
	while (trace_next_chunk(r, &c)) {
		l->chunks = mem_grow(l->chunks, &l->chunks_cap, l->nchunks + 1, sizeof(*l->chunks));
		l->chunks[l->nchunks++] = c;
		if (c.kind == TRACE_CHUNK_EVENTS && c.base_ns < l->base_ns)
			l->base_ns = c.base_ns;
	}
	l->timeline->start_mono_ns = (int64_t)(l->base_ns < max_start_ns ? l->base_ns : 0);
	if (l->nchunks) // a thread's chunks come in order of time
		qsort(l->chunks, l->nchunks, sizeof(*l->chunks), by_time_and_place);
}

static void read_process(struct loader *l, struct trace_chunk *c)
{
	struct timeline *t = l->timeline;
	struct trace_process process;
	if (!trace_get_process(c, &process))
		return;
	t->pid = (uint32_t)process.pid;
	t->ncpus = (uint32_t)process.ncpus;
	t->program = load_string(&l->tables, process.program);
	t->start_unix_ns = (int64_t)(process.realtime_ns + l->base_ns - c->base_ns);
}

static void read_end(struct loader *l, struct trace_chunk *c)
{
	struct trace_end end;
	if (!trace_get_end(c, &end))
		return;
	struct timeline *t = l->timeline;
	l->has_end = true;
	if (end.signal)
		timeline_add_note(t, "the program was ended by signal %lu", end.signal);
	if (end.lost_events)
		timeline_add_note(t, "%lu events are missing: their buffers were full", end.lost_events);
	if (end.lost_samples)
		timeline_add_note(t, "%lu CPU samples are missing", end.lost_samples);
	if (end.lost_stacks)
		timeline_add_note(t, "%lu stacks are missing: their table was full", end.lost_stacks);
}

static void read_events(struct loader *l, bool of_process)
{
	for (uint32_t i = 0; i < l->nchunks; i++) {
		struct trace_chunk c = l->chunks[i];
		struct trace_event e;
		if ((c.tid == 0) != of_process)
			continue;
		while (trace_next_event(&c, &e))
			load_event(&l->events, &e);
		l->is_damaged |= c.is_damaged;
	}
}

static void read_rest(struct loader *l)
{
	for (uint32_t i = 0; i < l->nchunks; i++) {
		struct trace_chunk c = l->chunks[i];
		if (c.kind == TRACE_CHUNK_PROCESS)
			read_process(l, &c);
		else if (c.kind == TRACE_CHUNK_END)
			read_end(l, &c);
	}
}

static void load(struct loader *l, struct trace_reader *r)
{
	struct timeline *t = l->timeline;
	collect_chunks(l, r);
	load_tables_init(&l->tables, t);
	load_tables_read(&l->tables, l->chunks, l->nchunks);
	load_events_init(&l->events, t, &l->tables, l->base_ns);
	read_rest(l);
	read_events(l, true);
	read_events(l, false);
	load_events_finish(&l->events);
	if (r->is_cut || l->is_damaged)
		timeline_add_note(t, "the file is damaged: some of it could not be read");
	else if (!l->has_end)
		timeline_add_note(t, "the program was killed while it was traced: the last events may be missing");
	timeline_finish(t);
	load_tables_deinit(&l->tables);
	free(l->chunks);
	load_events_deinit(&l->events);
}

struct err *trace_load(struct arena *a, const void *data, size_t len, struct timeline **timeline_out)
{
	struct trace_reader r;
	if (!trace_open(&r, data, len)) {
		bool is_ours = len >= 8 && memcmp(data, "cproftrc", 8) == 0;
		return err_new(a, "%s", is_ours ? "an execution trace of another version" : "not an execution trace");
	}
	struct loader l = {.timeline = timeline_create()};
	load(&l, &r);
	if (l.timeline->nthreads) {
		*timeline_out = l.timeline;
		return NULL;
	}
	timeline_destroy(l.timeline);
	return err_new(a, "no events in this trace");
}
