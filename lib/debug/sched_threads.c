// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. See sched_threads.h.
#include "sched_threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kind/task_info.h"
#include "sigsafe/taskdir.h"
#include "sigsafe/thread.h"
#include "write/grow.h"

enum { STAT_STATE = 3, STAT_PROCESSOR = 39 }; // fields of /proc/TID/stat, as proc(5) counts them

/** The field's start; the second, the name in parentheses, may hold anything. NULL: there is none. */
static const char *stat_field(const char *text, int field)
{
	const char *at = strrchr(text, ')');
	for (int i = 2; at && i < field; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at;
}

static void read_stat(struct cp_sched_thread *t)
{
	char text[CP_TASK_TEXT_BYTES];
	t->cpu = -1;
	if (cp_task_read(t->tid, "stat", text) < 0)
		return;
	const char *state = stat_field(text, STAT_STATE), *cpu = stat_field(text, STAT_PROCESSOR);
	t->state = state ? *state : '?';
	t->cpu = cpu ? atoi(cpu) : -1;
}

/** The kernel lists threads in the order of their births: those that still live keep their order. */
static const struct cp_sched_thread *find_before(struct cp_sched_threads *s, int tid)
{
	for (size_t i = s->nmatched; i < s->nbefore; i++) {
		if (s->before[i].tid == tid) {
			s->nmatched = i + 1;
			return &s->before[i];
		}
	}
	return NULL;
}

/** A thread that is new was nowhere before; a tid that is used again counts from 0. */
static void set_steps(struct cp_sched_threads *s, struct cp_sched_thread *t)
{
	const struct cp_sched_thread *b = find_before(s, t->tid);
	const struct cp_task_times *now = &t->times, *then = b ? &b->times : NULL;
	bool is_same = then && then->run_ns <= now->run_ns && then->wait_ns <= now->wait_ns &&
			then->nslices <= now->nslices;
	t->step = *now;
	if (!is_same)
		return;
	t->step.run_ns -= then->run_ns;
	t->step.wait_ns -= then->wait_ns;
	t->step.nslices -= then->nslices;
}

static void add(int tid, void *arg)
{
	struct cp_sched_threads *s = arg;
	if (!cp_grow(&s->list, &s->list_cap_bytes, (s->count + 1) * sizeof(*s->list))) {
		s->error = -ENOMEM;
		return;
	}
	struct cp_sched_thread *t = &s->list[s->count++];
	*t = (struct cp_sched_thread){.tid = tid, .is_own = cp_thread_is_excluded(tid)};
	read_stat(t);
	cp_task_read_times(tid, &t->times);
	set_steps(s, t);
}

int cp_sched_threads_read(struct cp_sched_threads *s)
{
	struct cp_sched_thread *list = s->before;
	size_t cap_bytes = s->before_cap_bytes;
	s->before = s->list;
	s->nbefore = s->count;
	s->before_cap_bytes = s->list_cap_bytes;
	s->list = list;
	s->list_cap_bytes = cap_bytes;
	s->count = s->nmatched = 0;
	s->error = 0;
	int ret = cp_taskdir_threads(add, s);
	return ret < 0 ? ret : s->error;
}
