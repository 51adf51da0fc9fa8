// SPDX-License-Identifier: MIT
// Context: CTL. All threads, registered by nobody: /proc/self/task says who there is.
//
// Threads that were there before the start, and those of a raw clone() or of a C runtime that does
// not pass by our pthread_create, are found here and armed from outside.
#include <errno.h>

#include "cpu_session.h"
#include "signal_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/sys.h"
#include "sigsafe/taskdir.h"
#include "task_info.h"

// The collector holds a thread for some system calls, within which it may lose its processor: for a second, at most.
enum { MOVE_WAIT_NS = 100000, MAX_MOVE_WAITS = 10000 };

/** The thread holds our signal back, so that its time has no stacks. */
static bool blocks_signal(int tid)
{
	struct cp_task_status status;
	return cp_task_read_status(tid, &status) == 0 && status.blocked >> (cp_signal_ours() - 1) & 1;
}

/** A child that blocks signals may be on its way to exec, and give them their defaults by system calls we do not see,
 *  as Chromium does. A tick that is pending would then end it. With threads it is not: those of apache's children are
 *  born in one that blocks all signals. */
static bool may_exec_unseen(const struct cp_cpu_session *s, int tid)
{
	return cp_cpu_shared.is_forked && tid == cp_cpu_shared.pid && tid != s->starter_tid && blocks_signal(tid);
}

static void meet(struct cp_cpu_session *s, int tid)
{
	struct cp_thread *t = cp_thread_new();
	if (!t) {
		fetch_add(&cp_cpu_shared.unarmed, 1, relaxed);
		return;
	}
	t->scan = s->scan;
	t->is_newborn = s->scan > 1; // the first scan met all that were there
	s->met_strangers |= t->is_newborn;
	cp_cpu_arm(t, tid);
}

static void see_task(int tid, void *arg)
{
	struct cp_cpu_session *s = arg;
	if (cp_thread_is_excluded(tid))
		return;
	struct cp_thread *t = cp_thread_find(tid);
	if (t)
		t->scan = s->scan;
	if (t || cp_cpu_thread_has_ended(tid))
		return;
	store(&cp_cpu_shared.arming_tid, tid, seq_cst);
	if (load(&cp_cpu_shared.paused_tid, seq_cst) == tid || may_exec_unseen(s, tid))
		s->has_passed_over = true;
	else
		meet(s, tid);
	store(&cp_cpu_shared.arming_tid, 0, seq_cst);
}

static bool has_ended(int tid)
{
	return cp_syscall(SYS_tgkill, cp_cpu_shared.pid, tid, 0, 0) == -ESRCH;
}

/** Records of threads that this scan did not meet, if they have really ended. */
static void reap(struct cp_cpu_session *s)
{
	for (uint32_t i = 1; i < cp_thread_limit(); i++) {
		struct cp_thread *t = cp_thread_at(i);
		struct cp_cpu_leftover left;
		if (load(&t->state, acquire) != CP_THREAD_ARMED || t->scan == s->scan ||
			!has_ended(load(&t->tid, relaxed)))
			continue;
		if (cp_cpu_disarm(t, &left) && left.weight > 0)
			cp_cpu_add(s, left.pcs, left.npcs, cp_modmap_epoch_of(left.pcs, left.npcs), 0, left.weight);
	}
}

void cp_cpu_tasks_scan(struct cp_cpu_session *s)
{
	s->scan++;
	s->has_passed_over = false;
	s->met_strangers = false;
	int ret = cp_taskdir_threads(see_task, s);
	if (ret < 0) {
		s->stats.scan_error = ret;
		see_task(cp_cpu_shared.pid, s); // the first one is known without
	} else {
		reap(s);
		cp_cpu_forget_ended(has_ended);
	}
}

/** False: it does not tick. */
static bool disarm_once_moved(struct cp_thread *t, struct cp_cpu_leftover *left_out)
{
	for (int i = 0; i < MAX_MOVE_WAITS && !cp_cpu_disarm(t, left_out); i++) {
		uint32_t state = load(&t->state, acquire);
		if (state != CP_THREAD_MOVING && state != CP_THREAD_ARMED) // or was moved a moment ago
			return false;
		cp_futex_wait(&t->state, CP_THREAD_MOVING, MOVE_WAIT_NS);
	}
	return true;
}

static void disarm(struct cp_cpu_session *s, struct cp_thread *t)
{
	int tid = load(&t->tid, relaxed);
	struct cp_cpu_leftover left;
	if (!disarm_once_moved(t, &left) || left.weight == 0)
		return;
	if (cp_cpu_owes_much(left.weight) && blocks_signal(tid))
		cp_cpu_name_blocked(&left);
	cp_cpu_add(s, left.pcs, left.npcs, cp_modmap_epoch_of(left.pcs, left.npcs), 0, left.weight);
}

void cp_cpu_tasks_disarm_all(struct cp_cpu_session *s)
{
	cp_cpu_itimer_off();
	for (uint32_t i = 1; i < cp_thread_limit(); i++)
		disarm(s, cp_thread_at(i));
}

void cp_cpu_tasks_disarm_late(void)
{
	struct cp_cpu_leftover left;
	for (uint32_t i = 1; i < cp_thread_limit(); i++)
		cp_cpu_disarm(cp_thread_at(i), &left);
}

bool cp_cpu_tasks_owe(uint64_t periods)
{
	for (uint32_t i = 1; i < cp_thread_limit(); i++) {
		struct cp_thread *t = cp_thread_at(i);
		if (load(&t->state, acquire) != CP_THREAD_ARMED)
			continue;
		if (t->engine == &cp_cpu_itimer || cp_cpu_owed(t) >= periods) {
			if (!blocks_signal(load(&t->tid, relaxed)))
				return true;
		}
	}
	return false;
}

void cp_cpu_tasks_count_unseen(struct cp_cpu_session *s, uint64_t process_ns)
{
	static const uintptr_t pcs[] = {CP_MARKER_THREAD_EXIT};
	if (cp_cpu_shared.engine == &cp_cpu_itimer) {
		cp_cpu_add(s, pcs, 1, 0, 0, cp_cpu_itimer_take_owed());
		return;
	}
	uint64_t own_ns = cp_thread_own_cpu_ns() - s->start_own_cpu_ns;
	uint64_t known_ns = load(&cp_cpu_shared.known_ns, relaxed) + own_ns;
	uint64_t period_ns = cp_cpu_engine_params.period_ns;
	// Less than a hundredth is what start and stop themselves take, and other small change.
	if (process_ns < known_ns + process_ns / 100 + 2 * period_ns)
		return;
	s->stats.unseen = (process_ns - known_ns) / period_ns;
	cp_cpu_add(s, pcs, 1, 0, 0, s->stats.unseen);
}
