// SPDX-License-Identifier: MIT
// Context: SIG. Threads on their way into the CPU profile and out of it; see cpu_hook.h.
//
// A thread that is born arms itself, one that is found is armed from outside; and whoever ends its ticks
// counts what its CPU clock says was due, so that a thread too short for a tick is in the sums as well.
#include <errno.h>

#include "cpu_hook.h"
#include "signal_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/random.h"
#include "sigsafe/ring.h"
#include "sigsafe/sigmask.h"

const struct cp_cpu_engine *const cp_cpu_engines[3] = {
	&cp_cpu_perf,
	&cp_cpu_timer,
	&cp_cpu_itimer,
};

enum { NENDED = 256 };

/** Threads that are accounted for and may still be seen for a while, at the place of their id. A
 * storm of them writes over earlier ones, which it can, since those are gone the sooner. */
static _Atomic int ended_tid[NENDED];

static _Atomic int *ended_place(int tid)
{
	return &ended_tid[(uint32_t)tid % NENDED];
}

bool cp_cpu_thread_has_ended(int tid)
{
	return load(ended_place(tid), acquire) == tid;
}

void cp_cpu_forget_ended(bool (*is_gone)(int tid))
{
	for (int i = 0; i < NENDED; i++) {
		int tid = load(&ended_tid[i], relaxed);
		if (tid != 0 && (!is_gone || is_gone(tid)))
			compare_exchange(&ended_tid[i], &tid, 0, relaxed);
	}
}

static int engine_number(const struct cp_cpu_engine *engine)
{
	int i = 0;
	while (cp_cpu_engines[i] != engine)
		i++;
	return i;
}

/** Periods of t that have ended when its CPU clock shows now_ns. */
static uint64_t periods_due(const struct cp_thread *t, uint64_t now_ns)
{
	uint64_t first_ns = t->since_ns + t->first_ns;
	return now_ns < first_ns ? 0 : 1 + (now_ns - first_ns) / cp_cpu_engine_params.period_ns;
}

static uint64_t cpu_clock_ns(const struct cp_thread *t)
{
	return cp_clock_ns(cp_thread_cpu_clock(load(&t->tid, relaxed)));
}

uint64_t cp_cpu_owed(struct cp_thread *t)
{
	if (t->engine == &cp_cpu_itimer && cp_cpu_itimer_is_alone())
		return 0; // the process's clock tells; see cp_cpu_itimer_take_owed()
	uint64_t due = periods_due(t, cpu_clock_ns(t));
	uint64_t ticks = load(&t->ticks, relaxed);
	return due > ticks ? due - ticks : 0;
}

/** Tries the session's engine, then those after it. */
static int arm_by_any(struct cp_thread *t, uint64_t now_ns)
{
	uint64_t next_ns =
		t->since_ns + t->first_ns + periods_due(t, now_ns) * cp_cpu_engine_params.period_ns;
	int ret = -ENOSYS;
	for (int i = engine_number(cp_cpu_shared.engine); i < 3; i++) {
		ret = cp_cpu_engines[i]->arm(t, next_ns - now_ns);
		if (ret >= 0) {
			fetch_add(&cp_cpu_shared.armed[i], 1, relaxed);
			return 0;
		}
		if (ret == -ESRCH)
			break;
		store(&cp_cpu_shared.refusal[i], ret, relaxed);
	}
	return ret;
}

/** A record that its own thread did not enter is the task scan's, or a dead thread's. */
static bool take_over(struct cp_thread *found, struct cp_thread *t)
{
	if (!cp_thread_claim(found, CP_THREAD_ARMED, CP_THREAD_LEAVING))
		return false; // the scan is arming it now
	found->engine->disarm(found);
	fetch_sub(&cp_cpu_shared.armed[engine_number(found->engine)], 1, relaxed);
	store(&t->ticks, load(&found->ticks, relaxed), relaxed);
	cp_thread_free(found);
	return true;
}

static void finish_arming(struct cp_thread *t, int ret)
{
	if (ret >= 0) {
		store(&t->state, CP_THREAD_ARMED, release);
		return;
	}
	if (ret != -ESRCH)
		fetch_add(&cp_cpu_shared.unarmed, 1, relaxed);
	cp_thread_free(t);
}

void cp_cpu_arm(struct cp_thread *t, int tid)
{
	bool existed;
	struct cp_thread *found = cp_thread_enter(t, tid, &existed);
	if (existed && t->start && take_over(found, t))
		cp_thread_enter(t, tid, &existed);
	if (existed) {
		cp_thread_free(t);
		return;
	}
	if (cp_signal_is_deadly(cp_cpu_engine_params.signal)) {
		cp_thread_free(t); // that the handler was replaced stands in the profile
		return;
	}
	struct cp_random random;
	cp_random_seed(&random);
	uint64_t now_ns = cpu_clock_ns(t);
	t->since_ns = t->is_newborn ? 0 : now_ns;
	t->first_ns = 1 + cp_random_below(&random, cp_cpu_engine_params.period_ns);
	finish_arming(t, arm_by_any(t, now_ns));
}

void cp_cpu_arm_anew(struct cp_thread *t, struct cp_cpu_leftover *left_out)
{
	*left_out = (struct cp_cpu_leftover){.weight = cp_cpu_owed(t)};
	if (t->start)
		left_out->pcs[left_out->npcs++] = t->start;
	left_out->pcs[left_out->npcs++] = t->engine->undelivered();
	fetch_add(&t->ticks, left_out->weight, relaxed);
	t->engine->disarm(t);
	fetch_sub(&cp_cpu_shared.armed[engine_number(t->engine)], 1, relaxed);
	finish_arming(t, arm_by_any(t, cpu_clock_ns(t)));
}

bool cp_cpu_disarm(struct cp_thread *t, struct cp_cpu_leftover *left_out)
{
	*left_out = (struct cp_cpu_leftover){0};
	if (!cp_thread_claim(t, CP_THREAD_ARMED, CP_THREAD_LEAVING))
		return false;
	const struct cp_cpu_engine *engine = t->engine;
	left_out->weight = cp_cpu_owed(t);
	engine->disarm(t);
	// How much of the process's CPU time is known: of a thread that ended unseen, what was delivered.
	uint64_t now_ns = cpu_clock_ns(t);
	uint64_t known_ns = now_ns > t->since_ns
				    ? now_ns - t->since_ns
				    : load(&t->ticks, relaxed) * cp_cpu_engine_params.period_ns;
	fetch_add(&cp_cpu_shared.known_ns, known_ns, relaxed);
	if (t->start)
		left_out->pcs[left_out->npcs++] = t->start;
	left_out->pcs[left_out->npcs++] = engine->undelivered();
	cp_thread_free(t);
	return true;
}

bool cp_cpu_owes_much(uint64_t periods)
{
	return periods > 2 &&
	       periods * cp_cpu_engine_params.period_ns > 2 * cp_cpu_engine_params.tick_ns;
}

void cp_cpu_name_blocked(struct cp_cpu_leftover *left)
{
	left->pcs[left->npcs - 1] = CP_MARKER_BLOCKED;
	fetch_add(&cp_cpu_shared.blocked, 1, relaxed);
}

void cp_cpu_thread_begin(struct cp_thread *t)
{
	// Its creator may have blocked all signals, meaning the program's own. Also for a profile that is yet to come.
	uint64_t ours = cp_signal_mask_of_ours();
	if (ours)
		cp_sigmask(CP_SIG_UNBLOCK, ours);
	if (!cp_cpu_enter()) {
		cp_thread_free(t);
		return;
	}
	int tid = cp_gettid(), earlier = tid; // of a thread that had its id
	compare_exchange(ended_place(tid), &earlier, 0, relaxed);
	cp_cpu_arm(t, tid);
	cp_cpu_leave();
}

static void record_leftover(const struct cp_cpu_leftover *left, int tid)
{
	struct cp_rings *rings = cp_cpu_shared.rings;
	struct cp_ring_record *rec = cp_rings_reserve(rings, (uint32_t)tid, left->npcs, left->weight);
	if (!rec)
		return;
	rec->epoch = cp_modmap_epoch_of(left->pcs, left->npcs);
	rec->tag = cp_labels_current_id(tid);
	for (uint32_t i = 0; i < left->npcs; i++)
		rec->pcs[i] = left->pcs[i];
	cp_rings_commit(rings, rec, left->npcs);
	cp_cpu_tell_collector(left->weight);
}

void cp_cpu_thread_end(uintptr_t start)
{
	if (!cp_cpu_enter())
		return;
	// A tick that is pending now is counted below as not delivered, so it must not come any
	// more: the signal stays blocked for what is left of the thread.
	uint64_t ours = cp_sigmask_of(cp_signal_ours());
	bool was_blocked = cp_sigmask(CP_SIG_BLOCK, ours) & ours;
	int tid = cp_gettid();
	struct cp_thread *t = cp_thread_find(tid);
	struct cp_cpu_leftover left;
	// Before its record goes: the task scan finds the one or the other.
	store(ended_place(tid), tid, release);
	if (t)
		t->start = start; // it may have been found by the task scan, which does not know
	if (t && cp_cpu_disarm(t, &left) && left.weight > 0) {
		if (was_blocked && cp_cpu_owes_much(left.weight))
			cp_cpu_name_blocked(&left);
		record_leftover(&left, tid);
	}
	cp_cpu_leave();
}
