// SPDX-License-Identifier: MIT
// Context: CTL. See threads_dump.h. A block a thread, in Go's manner:
//
//	thread 4711 "worker" [futex 0x55d0c0, mutex held by thread 4710 "main", 12 s] {"request":"/search"}:
//	work+0x2e
//		/src/server/work.c:42 (/usr/bin/server +0x11a2)
//	created by start_workers+0x51
//		/src/server/main.c:7 (/usr/bin/server +0x1311)
//	holds mutex 0x55d0f0, taken by begin+0x17
//		/src/server/work.c:31 (/usr/bin/server +0x1147)
//
// and, where thread 4710 had ended, "thread 4710 ended and held mutex 0x55d0c0, taken by ...".
// Where there is no debug information, "/usr/bin/server +0x11a2" alone.
#include "threads_dump.h"

#include <pthread.h>

#include "held.h"
#include "lock_wait.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/stacktab.h"
#include "target.h"
#include "wait_reason.h"
#include "write/labels_out.h"
#include "write/text_out.h"

static const char *excuse_text(enum cp_thread_excuse excuse)
{
	switch (excuse) {
	case CP_EXCUSE_BLOCKS_SIGNAL:
		return "stack unavailable: it blocks the signal";
	case CP_EXCUSE_IN_KERNEL:
		return "stack unavailable: stopped or in uninterruptible sleep";
	case CP_EXCUSE_NO_SIGNAL:
		return "stack unavailable: no signal could be sent";
	case CP_EXCUSE_NO_ANSWER:
		return "stack unavailable: it did not answer in time";
	default:
		return "stack unavailable";
	}
}

/** Only what is long enough to mean something. */
static void put_duration(struct cp_text_out *o, uint64_t ns)
{
	uint64_t ms = ns / CP_NS_PER_MS;
	if (ms >= 60000)
		cp_text_out_printf(o, ", %llu minutes", (unsigned long long)ms / 60000);
	else if (ms >= 1000)
		cp_text_out_printf(o, ", %llu s", (unsigned long long)ms / 1000);
	else if (ms >= 10)
		cp_text_out_printf(o, ", %llu ms", (unsigned long long)ms);
}

static void put_head(struct cp_text_out *o, const struct cp_threads_snapshot *s, const struct cp_thread_seen *t)
{
	char reason[CP_WAIT_REASON_BYTES];
	cp_wait_reason(s, t, reason);
	cp_text_out_printf(o, "thread %d \"%s\" [%s", t->tid, t->status.name, reason);
	if (t->is_stuck)
		cp_text_out_printf(o, ", deadlock");
	if (t->status.state != 'R')
		put_duration(o, t->waits_ns);
	cp_text_out_printf(o, "]%s", t->labels_id ? " " : "");
	cp_labels_text(o, t->labels_id);
	cp_text_out_printf(o, ":\n");
}

static void put_held(struct cp_text_out *o, const struct cp_held_lock *held)
{
	const char *how = held->kind == TRACE_WAIT_RWLOCK_READ ? " to read" : " to write";
	bool is_mutex = held->kind == TRACE_WAIT_MUTEX;
	cp_text_out_printf(o, "%s 0x%lx%s, taken by ", is_mutex ? "mutex" : "rwlock", (unsigned long)held->lock,
			is_mutex ? "" : how);
	cp_text_out_frames(o, held->taken_at->pcs, held->taken_at->npcs, held->taken_at->epoch);
}

/** What t waits for, if who took it has ended and has no block of its own. */
static void put_left_behind(struct cp_text_out *o, const struct cp_threads_snapshot *s, const struct cp_thread_seen *t,
		const struct cp_held_list *held)
{
	struct cp_lock_wait wait;
	if (t->is_caller || !cp_lock_wait_of(s, t, &wait) || !wait.is_owner_gone)
		return;
	for (size_t i = 0; i < held->count; i++) {
		const struct cp_held_lock *h = &held->locks[i];
		if (h->tid != wait.owner_tid || t->call.args[0] - h->lock >= sizeof(pthread_rwlock_t))
			continue; // the futex is a word of the lock
		cp_text_out_printf(o, "thread %d ended and held ", h->tid);
		put_held(o, h);
	}
}

static void put_thread(struct cp_text_out *o, const struct cp_threads_snapshot *s, const struct cp_thread_seen *t,
		const struct cp_held_list *held)
{
	uint32_t npcs;
	const uintptr_t *pcs = cp_threads_stack(s, t, &npcs);
	put_head(o, s, t);
	if (t->npcs)
		cp_text_out_frames(o, pcs, npcs, t->epoch);
	else
		cp_text_out_printf(o, "\t%s\n", excuse_text(t->excuse));
	if (t->created_at) {
		cp_text_out_printf(o, "created by ");
		cp_text_out_frames(o, t->created_at->pcs, 1, t->created_at->epoch);
	}
	for (size_t i = 0; i < held->count; i++) {
		if (held->locks[i].tid != t->tid)
			continue;
		cp_text_out_printf(o, "holds ");
		put_held(o, &held->locks[i]);
	}
	put_left_behind(o, s, t, held);
	cp_text_out_printf(o, "\n");
}

static void put_lost_sites(struct cp_text_out *o)
{
	uint64_t lost = load(&cp_held_locks.lost, relaxed);
	if (lost)
		cp_text_out_printf(o, "%llu times a lock was taken and, for want of memory, not noted\n",
				(unsigned long long)lost);
}

static int write_all(const struct cp_threads_snapshot *s, struct cprof_writer writer)
{
	struct cp_text_out *o;
	struct cp_held_list held = {0};
	int ret = cp_text_out_begin(&o, writer);
	if (ret < 0)
		return ret;
	cp_held_list_take(&held);
	for (size_t i = 0; i < s->nthreads; i++) {
		const struct cp_thread_seen *t = &s->threads[i];
		cp_text_out_add(o, s->pcs + t->pcs, t->npcs, t->epoch);
		if (t->created_at)
			cp_text_out_add(o, t->created_at->pcs, 1, t->created_at->epoch);
	}
	for (size_t i = 0; i < held.count; i++) {
		const struct cp_stack *at = held.locks[i].taken_at;
		cp_text_out_add(o, at->pcs, at->npcs, at->epoch);
	}
	cp_text_out_resolve_lines(o);
	for (size_t i = 0; i < s->nthreads; i++) {
		if (!s->threads[i].is_gone)
			put_thread(o, s, &s->threads[i], &held);
	}
	cp_held_list_free(&held);
	put_lost_sites(o);
	return cp_text_out_end(o);
}

int cp_threads_dump(const struct cp_threads_snapshot *s, struct cprof_writer writer)
{
	struct cp_target target;
	int ret = cp_target_open(&target, writer);
	return ret < 0 ? ret : cp_target_end(&target, write_all(s, target.writer));
}
