// SPDX-License-Identifier: MIT
// Context: CTL. See wall_threads.h.
//
// A thread whose CPU clock stands still is where it was: nothing is asked of it, not even by way of /proc. One that
// ran and sleeps is looked at from outside, one that runs is asked by a signal. A thread that sleeps gets the signal
// only where its stack cannot be read whole from outside (code with frame pointers; nothing of a process that has
// changed its user) and it did not tell (contention_hook.h), and not again for as long as it is found with the same
// innermost frames, or has slept once since, though it may have been elsewhere in between.
#include "wall_threads.h"

#include <errno.h>

#include "asleep.h"
#include "own_thread.h"
#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/clock.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/sys.h"
#include "sigsafe/taskdir.h"
#include "sigsafe/thread.h"
#include "sigsafe/unwind.h"
#include "threads.h"
#include "write/grow.h"

static struct cp_wall_thread *add(struct cp_wall_threads *w, int tid)
{
	if (!cp_grow(&w->at, &w->cap_bytes, (w->n + 1) * sizeof(*w->at))) {
		w->error = -ENOMEM;
		return NULL;
	}
	w->at[w->n] = (struct cp_wall_thread){.tid = tid};
	return &w->at[w->n++];
}

/** The directory lists them in the same order each time: the next is mostly the next. NULL: it was not seen before. */
static struct cp_wall_thread *find(struct cp_wall_threads *w, int tid)
{
	for (size_t i = 0; i < w->n; i++) {
		size_t k = (w->cursor + i) % w->n;
		if (w->at[k].tid == tid) {
			w->cursor = k + 1;
			return &w->at[k];
		}
	}
	return NULL;
}

/** The record of a thread of the program's; of a new one that may be ours not before the next tick. NULL: none. */
static struct cp_wall_thread *record_of(struct cp_wall_threads *w, int tid)
{
	bool may_be_own = cp_own_threads_are_unmarked(); // before the look, when one is born
	if (cp_thread_is_excluded(tid))
		return NULL;
	may_be_own |= cp_own_threads_are_unmarked(); // after it, when one ends
	struct cp_wall_thread *t = find(w, tid);
	may_be_own &= tid != cp_getpid() && tid != load(&w->leaver.tid, relaxed);
	return t || may_be_own ? t : add(w, tid);
}

static uint64_t hash_of(const uintptr_t *pcs, uint32_t npcs)
{
	uint64_t hash = npcs;
	for (uint32_t i = 0; i < npcs; i++)
		hash = (hash ^ pcs[i]) * 0x9e3779b97f4a7c15;
	return hash | 1;
}

/** It has run since its stack was taken. Afterwards that is right, or NULL: it must be asked. */
static void look_at(struct cp_wall_threads *w, struct cp_wall_thread *t)
{
	struct cp_task_status status = {0};
	uintptr_t pcs[CP_MAX_PCS];
	uint32_t labels_id, npcs = 0;
	bool is_whole = false;
	if (cp_task_read_status(t->tid, &status) == 0)
		npcs = cp_asleep_walk(w->buffer, t->tid, &status, pcs, CP_MAX_PCS, &labels_id, &is_whole);
	t->is_hidden = npcs == 0 && status.state == 'S';
	uint64_t sleep = t->is_hidden ? status.nswitches : npcs && !is_whole ? hash_of(pcs, npcs) : 0;
	bool is_same = sleep && sleep == t->sleep;
	t->sleep = sleep;
	if (npcs && is_whole) {
		t->stack = cp_stacktab_intern(&w->stacks, pcs, npcs, cp_modmap_epoch_of(pcs, npcs), labels_id);
		w->nlooked++;
	} else if (!is_same) {
		t->stack = NULL;
	}
}

void cp_wall_threads_leave(struct cp_wall_threads *w, uint64_t now_ns)
{
	struct cp_wall_leaver *l = &w->leaver;
	struct cp_regs here;
	if (exchange(&l->is_known, true, relaxed))
		return;
	l->ns = now_ns;
	store(&l->tid, cp_gettid(), release); // at once: ticks would find it here
	l->labels_id = cp_labels_current_id(cp_gettid());
	cp_regs_here(&here);
	uint32_t npcs = cp_unwind(&here, l->pcs, CP_MAX_PCS).nframes;
	store(&l->npcs, cp_capture_outside(l->pcs, npcs), release);
}

/** Then it was where it was seen last, or, in a program as short as that, where it comes from. */
static bool has_left(struct cp_wall_threads *w, struct cp_wall_thread *t, struct cp_stack *seen)
{
	const struct cp_wall_leaver *l = &w->leaver;
	uint32_t npcs = load(&l->npcs, acquire);
	if (load(&l->tid, acquire) != t->tid)
		return false;
	t->stack = seen || npcs == 0 ? seen
				     : cp_stacktab_intern(&w->stacks, l->pcs, npcs, cp_modmap_epoch_of(l->pcs, npcs),
							     l->labels_id);
	return true;
}

static void list_thread(int tid, void *arg)
{
	struct cp_wall_threads *w = arg;
	struct cp_wall_thread *t = record_of(w, tid);
	if (!t)
		return;
	uint64_t cpu_ns = cp_clock_ns(cp_thread_cpu_clock(tid));
	struct cp_stack *seen = t->stack;
	bool is_still = has_left(w, t, seen) || (seen && cpu_ns == t->cpu_ns);
	t->tick = w->tick;
	t->cpu_ns = cpu_ns;
	if (is_still)
		return;
	look_at(w, t);
	has_left(w, t, seen); // meanwhile
}

static void forget_ended(struct cp_wall_threads *w)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->n; i++) {
		if (w->at[i].tick == w->tick)
			w->at[kept++] = w->at[i];
	}
	w->n = kept;
}

/// Those that are somewhere else

static int list_moved(const struct cp_wall_threads *w, struct cp_threads_snapshot *s)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->at[i].stack)
			continue;
		if (!cp_grow(&s->threads, &s->threads_cap_bytes, (s->nthreads + 1) * sizeof(*s->threads)))
			return -ENOMEM;
		s->threads[s->nthreads++] = (struct cp_thread_seen){.tid = w->at[i].tid};
	}
	return 0;
}

static void keep(struct cp_wall_threads *w, const struct cp_threads_snapshot *s)
{
	size_t i = 0;
	for (size_t k = 0; k < s->nthreads; k++) {
		const struct cp_thread_seen *seen = &s->threads[k];
		uint32_t npcs;
		const uintptr_t *pcs = cp_threads_stack(s, seen, &npcs);
		while (w->at[i].tid != seen->tid)
			i++;
		struct cp_wall_thread *t = &w->at[i];
		if (seen->is_gone || has_left(w, t, NULL)) // since it was listed
			continue;
		t->stack = cp_stacktab_intern(&w->stacks, pcs, npcs, seen->epoch, seen->labels_id);
		w->nasked += seen->was_asked;
		if (seen->excuse != CP_EXCUSE_NONE || seen->status.state != 'S')
			t->sleep = 0; // looked at before it went on, or in vain
		else if (t->is_hidden && seen->was_asked)
			t->sleep = seen->status.nswitches + 1; // for the answer
	}
}

int cp_wall_threads_tick(struct cp_wall_threads *w, uint64_t since_ns)
{
	struct cp_threads_snapshot s = {0};
	w->tick++;
	w->cursor = 0;
	w->error = 0;
	if (!w->buffer && !(w->buffer = cp_asleep_buffer_new()))
		return -ENOMEM;
	int ret = cp_taskdir_threads(list_thread, w);
	forget_ended(w);
	ret = ret < 0 ? ret : w->error ? w->error : list_moved(w, &s);
	if (ret == 0 && s.nthreads > 0)
		ret = cp_threads_take_some(&s, CP_THREADS_OFTEN);
	if (ret == 0)
		keep(w, &s);
	cp_threads_free(&s);
	for (size_t i = 0; ret == 0 && i < w->n; i++) {
		struct cp_stack *stack = w->at[i].stack;
		if (!stack)
			continue;
		fetch_add(&stack->values[CP_WALL_SAMPLES], 1, relaxed);
		fetch_add(&stack->values[CP_WALL_NS], (int64_t)since_ns, relaxed);
		w->nsamples++;
	}
	return ret;
}

void cp_wall_threads_free(struct cp_wall_threads *w)
{
	cp_grow_free(&w->at, &w->cap_bytes);
	cp_stacktab_deinit(&w->stacks);
}
