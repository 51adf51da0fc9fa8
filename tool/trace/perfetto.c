// SPDX-License-Identifier: MIT
// Encoding (see perfetto.h): one sequence of packets. Tracks come first, then what is on them.
#include "perfetto.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "perfetto_event.h"

static const char *const categories[NCATEGORIES] = {
		[1 + STATE_RUNNING] = "running",
		[1 + STATE_RUNNABLE] = "ready",
		[1 + STATE_LOCK] = "lock",
		[1 + STATE_WAITING] = "waiting",
		[1 + STATE_SYSCALL] = "syscall",
		[1 + STATE_NETWORK] = "network",
		[1 + STATE_SLEEP] = "sleep",
		[1 + STATE_UNKNOWN] = "unknown",
		[CATEGORY_REGION] = "region",
		[CATEGORY_TASK] = "task",
		[CATEGORY_LOG] = "log",
		[CATEGORY_WAKE] = "wake",
		[CATEGORY_CPROF] = "cprof",
};

static const char *const annotations[NANNOTATIONS] = {
		[NOTE_LOCK] = "lock",
		[NOTE_NAME] = "name",
		[NOTE_FD] = "fd",
		[NOTE_STACK] = "stack",
		[NOTE_LABELS] = "labels",
		[NOTE_WOKEN_BY] = "woken by",
		[NOTE_TASK] = "task",
		[NOTE_PARENT] = "parent task",
		[NOTE_MESSAGE] = "message",
		[NOTE_OUTCOME] = "outcome",
};

static void put_clocks(struct encoder *e)
{
	const int64_t clocks[][2] = {
			{CLOCK_REALTIME_ID, e->t->start_unix_ns},
			{CLOCK_BOOTTIME_ID, e->t->start_mono_ns},
	};
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		size_t clock = pbout_begin(&e->body, CLOCK_SNAPSHOT_CLOCKS);
		pbout_varint(&e->body, CLOCK_ID, (uint64_t)clocks[i][0]);
		pbout_varint(&e->body, CLOCK_TIMESTAMP, (uint64_t)clocks[i][1]);
		pbout_end(&e->body, clock);
	}
	for (unsigned i = 1; i < NCATEGORIES; i++)
		perfetto_entry(&e->intern, INTERNED_EVENT_CATEGORIES, i, str_from(categories[i]));
	for (unsigned i = 1; i < NANNOTATIONS; i++)
		perfetto_entry(&e->intern, INTERNED_ANNOTATION_NAMES, i, str_from(annotations[i]));
	put_packet(e, PACKET_CLOCK_SNAPSHOT, 0);
}

/// Tracks

static struct str program_name(const struct timeline *t)
{
	return t->program ? path_base(timeline_str(t, t->program)) : STR("program");
}

struct str thread_label(const struct timeline *t, uint32_t thread)
{
	struct str name = timeline_str(t, t->threads[thread].name);
	return name.len ? name : program_name(t);
}

static void put_process_track(struct encoder *e)
{
	struct buf *b = &e->body;
	pbout_varint(b, TRACK_UUID, PROCESS_TRACK);
	size_t process = pbout_begin(b, TRACK_PROCESS);
	pbout_varint(b, PROCESS_PID, e->t->pid);
	perfetto_text(b, PROCESS_CMDLINE, timeline_str(e->t, e->t->program));
	perfetto_text(b, PROCESS_NAME, program_name(e->t));
	pbout_end(b, process);
	put_packet(e, PACKET_TRACK_DESCRIPTOR, 0);
}

static void put_thread_track(struct encoder *e, uint32_t thread)
{
	struct buf *b = &e->body;
	pbout_varint(b, TRACK_UUID, thread_track(thread));
	size_t descriptor = pbout_begin(b, TRACK_THREAD);
	pbout_varint(b, THREAD_PID, e->t->pid);
	pbout_varint(b, THREAD_TID, e->t->threads[thread].tid);
	perfetto_text(b, THREAD_NAME, thread_label(e->t, thread));
	pbout_end(b, descriptor);
	put_packet(e, PACKET_TRACK_DESCRIPTOR, e->t->threads[thread].begin_ns);
}

static void put_child_track(struct encoder *e, uint64_t uuid, strid name)
{
	pbout_varint(&e->body, TRACK_UUID, uuid);
	pbout_varint(&e->body, TRACK_PARENT_UUID, PROCESS_TRACK);
	perfetto_text(&e->body, TRACK_NAME, timeline_str(e->t, name));
}

/// What the program said, and what was measured

static void put_tasks(struct encoder *e)
{
	for (uint32_t i = 0; i < e->t->ntasks; i++) {
		const struct timeline_task *task = &e->t->tasks[i];
		uint64_t track = task_track(i);
		put_child_track(e, track, task->name);
		put_packet(e, PACKET_TRACK_DESCRIPTOR, task->begin_ns);
		begin_named(e, EVENT_SLICE_BEGIN, track, CATEGORY_TASK, task->name);
		annotate(e, NOTE_TASK, ANNOTATION_UINT, task->id);
		if (task->parent)
			annotate(e, NOTE_PARENT, ANNOTATION_UINT, task->parent);
		pbout_fixed64(&e->body, EVENT_FLOW_IDS, task_flow(task->id));
		put_event(e, task->begin_ns);
		put_end(e, track, task->end_ns);
	}
}

static void put_logs(struct encoder *e)
{
	for (uint32_t i = 0; i < e->t->nlogs; i++) {
		const struct timeline_log *log = &e->t->logs[i];
		begin_named(e, EVENT_INSTANT, thread_track(log->thread), CATEGORY_LOG,
				log->category ? log->category : log->message);
		annotate_text(e, NOTE_MESSAGE, timeline_str(e->t, log->message));
		if (log->task)
			annotate(e, NOTE_TASK, ANNOTATION_UINT, log->task);
		put_event(e, log->at_ns);
	}
}

static void put_counters(struct encoder *e)
{
	uint8_t *has_track = mem_zeroed(e->t->symbols->nstrings, 1);
	for (uint32_t i = 0; i < e->t->ncounters; i++) {
		const struct timeline_counter *c = &e->t->counters[i];
		uint64_t track = counter_track(c->name);
		if (!has_track[c->name]) {
			bool is_bytes = str_has_suffix(timeline_str(e->t, c->name), STR("_bytes"));
			has_track[c->name] = 1;
			put_child_track(e, track, c->name);
			size_t counter = pbout_begin(&e->body, TRACK_COUNTER);
			pbout_varint(&e->body, COUNTER_UNIT, is_bytes ? UNIT_BYTES : UNIT_COUNT);
			pbout_end(&e->body, counter);
			put_packet(e, PACKET_TRACK_DESCRIPTOR, c->at_ns);
		}
		begin_event(e, EVENT_COUNTER, track);
		pbout_varint(&e->body, EVENT_COUNTER_VALUE, (uint64_t)c->value);
		put_event(e, c->at_ns);
	}
	free(has_track);
}

static void put_samples(struct encoder *e)
{
	int64_t cpu_ns = 0;
	for (uint32_t i = 0; i < e->t->nsamples; i++) {
		const struct timeline_sample *s = &e->t->samples[i];
		cpu_ns = timeline_sum(cpu_ns, s->cpu_ns);
		pbout_varint(&e->body, SAMPLE_PID, e->t->pid);
		pbout_varint(&e->body, SAMPLE_TID, e->t->threads[s->thread].tid);
		pbout_varint(&e->body, SAMPLE_CPU_MODE, CPU_MODE_USER);
		pbout_varint(&e->body, SAMPLE_TIMEBASE_COUNT, (uint64_t)cpu_ns);
		if (s->stack)
			pbout_varint(&e->body, SAMPLE_CALLSTACK_IID, perfetto_callstack(&e->intern, s->stack));
		put_packet(e, PACKET_PERF_SAMPLE, s->at_ns);
	}
}

static void put_notes(struct encoder *e)
{
	for (uint32_t i = 0; i < e->t->nnotes; i++) {
		begin_named(e, EVENT_INSTANT, PROCESS_TRACK, CATEGORY_CPROF, e->t->notes[i]);
		put_event(e, 0);
	}
}

void perfetto_encode(struct timeline *t, struct buf *out)
{
	struct encoder e = {
			.t = t,
			.out = out,
			.ready = profile_intern(t->symbols, STR("ready to run")),
			.wakes = profile_intern(t->symbols, STR("lets others go")),
	};
	perfetto_intern_init(&e.intern, t);
	put_clocks(&e);
	put_process_track(&e);
	for (uint32_t i = 0; i < t->nthreads; i++)
		put_thread_track(&e, i);
	put_notes(&e);
	put_slices(&e);
	put_tasks(&e);
	put_logs(&e);
	put_counters(&e);
	put_samples(&e);
	perfetto_intern_deinit(&e.intern);
	buf_deinit(&e.body);
	buf_deinit(&e.packet);
}
