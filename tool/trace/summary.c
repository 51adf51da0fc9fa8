// SPDX-License-Identifier: MIT
// The summary (see summary.h): what was traced, where the threads' time went, a picture of it, then the
// waits and what the program marked.
#include "summary.h"

#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/path.h"
#include "latency.h"
#include "picture.h"
#include "waits.h"

enum { MAX_THREADS = 32, NAME_COLUMNS = 24 };

static void put_count(const struct view *v, uint64_t n, const char *what)
{
	buf_printf(v->out, ", %lu %s%s", n, what, n == 1 ? "" : "s");
}

// As its main thread calls itself, where that is another name than the file's.
static void put_program(const struct view *v)
{
	const struct timeline *t = v->timeline;
	struct str path = t->program ? timeline_str(t, t->program) : STR("a program");
	struct str name = STR("");
	for (uint32_t i = 0; i < t->nthreads; i++) {
		if (t->threads[i].tid == t->pid)
			name = timeline_str(t, t->threads[i].name);
	}
	bool has_own = name.len && !str_has_prefix(path_base(path), name);
	if (has_own)
		view_text(v, name, v->width);
	buf_cstr(v->out, has_own ? " (" : "");
	view_text(v, path, v->width);
	buf_cstr(v->out, has_own ? ")" : "");
}

static void put_head(const struct view *v)
{
	const struct timeline *t = v->timeline;
	time_t seconds = (time_t)(t->start_unix_ns / 1000000000);
	struct tm local;
	char when[64] = "";
	if (t->start_unix_ns > 0 && localtime_r(&seconds, &local))
		strftime(when, sizeof(when), ", %Y-%m-%d %H:%M:%S", &local);
	put_program(v);
	buf_printf(v->out, ", process %u%s\n", t->pid, when);
	view_duration(v, t->end_ns, 0);
	put_count(v, t->nthreads, "thread");
	if (t->ncpus)
		buf_printf(v->out, " on %u CPU%s", t->ncpus, t->ncpus == 1 ? "" : "s");
	put_count(v, t->nevents, "event");
	if (t->nsamples)
		put_count(v, t->nsamples, "CPU sample");
	buf_byte(v->out, '\n');
	for (uint32_t i = 0; i < t->nnotes; i++) {
		buf_cstr(v->out, v->has_colour ? "\033[31mNote:\033[0m " : "Note: ");
		view_text(v, timeline_str(t, t->notes[i]), SIZE_MAX);
		buf_byte(v->out, '\n');
	}
	if (t->nlost)
		buf_printf(v->out, "Note: %lu events were lost where the picture shows '?'\n", t->nlost);
}

static int64_t busy_ns(const struct timeline_thread *th)
{
	return th->state_ns[STATE_RUNNING] + th->state_ns[STATE_LOCK];
}

// Where not all have room: those that did most, or wanted to.
static int by_business(const void *a, const void *b, void *timeline)
{
	const struct timeline *t = timeline;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int64_t bx = busy_ns(&t->threads[x]), by = busy_ns(&t->threads[y]);
	if (bx != by)
		return bx > by ? -1 : 1;
	return (x > y) - (x < y);
}

// The main thread, then as they came.
static int by_age(const void *a, const void *b, void *timeline)
{
	const struct timeline *t = timeline;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct timeline_thread *tx = &t->threads[x], *ty = &t->threads[y];
	if ((tx->tid == t->pid) != (ty->tid == t->pid))
		return tx->tid == t->pid ? -1 : 1;
	if (tx->begin_ns != ty->begin_ns)
		return tx->begin_ns < ty->begin_ns ? -1 : 1;
	return (tx->tid > ty->tid) - (tx->tid < ty->tid);
}

static uint32_t *choose_threads(const struct timeline *t, uint32_t *n_out)
{
	uint32_t *list = mem_resize(NULL, t->nthreads, sizeof(*list));
	for (uint32_t i = 0; i < t->nthreads; i++)
		list[i] = i;
	*n_out = t->nthreads;
	if (t->nthreads > MAX_THREADS) {
		qsort_r(list, t->nthreads, sizeof(*list), by_business, (void *)t);
		*n_out = MAX_THREADS;
	}
	qsort_r(list, *n_out, sizeof(*list), by_age, (void *)t);
	return list;
}

struct column {
	const char *title;
	int state; // or ALIVE
	bool is_extra; // goes first where there is no room
	bool is_shown;
};

enum { ALIVE = NSTATES, NCOLUMNS };

static int64_t value(const struct timeline_thread *th, int state)
{
	return state == ALIVE ? th->end_ns - th->begin_ns : th->state_ns[state];
}

static bool is_any(const struct timeline *t, int state)
{
	for (uint32_t i = 0; i < t->nthreads; i++) {
		if (value(&t->threads[i], state) > 0)
			return true;
	}
	return false;
}

static void choose_columns(const struct view *v, struct column *columns)
{
	unsigned n = 0;
	for (int i = 0; i < NCOLUMNS; i++)
		n += columns[i].is_shown = is_any(v->timeline, columns[i].state);
	for (int i = NCOLUMNS - 1; i >= 0 && NAME_COLUMNS + n * VIEW_DURATION_COLUMNS > v->width; i--) {
		if (columns[i].is_extra && columns[i].is_shown) {
			columns[i].is_shown = false;
			n--;
		}
	}
}

static void put_threads(const struct view *v, const uint32_t *threads, uint32_t n)
{
	struct column columns[NCOLUMNS] = {
			{"alive", ALIVE},
			{"running", STATE_RUNNING},
			{"ready", STATE_RUNNABLE, .is_extra = true},
			{"locks", STATE_LOCK},
			{"waiting", STATE_WAITING},
			{"syscalls", STATE_SYSCALL},
			{"network", STATE_NETWORK},
			{"asleep", STATE_SLEEP},
			{"unknown", STATE_UNKNOWN},
	};
	view_heading(v, "Threads");
	choose_columns(v, columns);
	buf_pad(v->out, ' ', NAME_COLUMNS);
	for (int i = 0; i < NCOLUMNS; i++) {
		if (columns[i].is_shown)
			buf_printf(v->out, "%*s", VIEW_DURATION_COLUMNS, columns[i].title);
	}
	buf_byte(v->out, '\n');
	for (uint32_t k = 0; k < n; k++) {
		view_thread(v, threads[k], NAME_COLUMNS);
		for (int i = 0; i < NCOLUMNS; i++) {
			if (columns[i].is_shown)
				view_duration(v, value(&v->timeline->threads[threads[k]], columns[i].state),
						VIEW_DURATION_COLUMNS);
		}
		buf_byte(v->out, '\n');
	}
	if (n < v->timeline->nthreads)
		buf_printf(v->out, "        ... and %u that did less\n", v->timeline->nthreads - n);
}

void summary_put(const struct view *v)
{
	uint32_t n;
	uint32_t *threads = choose_threads(v->timeline, &n);
	put_head(v);
	put_threads(v, threads, n);
	buf_byte(v->out, '\n');
	picture_draw(v, threads, n);
	waits_grouped(v, STATE_LOCK, "Locks waited for");
	waits_grouped(v, STATE_WAITING, "Other threads waited for");
	waits_grouped(v, STATE_SYSCALL, "System calls waited in");
	waits_grouped(v, STATE_NETWORK, "Network and polling");
	waits_longest(v);
	latency_of_tasks(v);
	latency_of_regions(v);
	free(threads);
}
