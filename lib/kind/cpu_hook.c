// SPDX-License-Identifier: MIT
// Context: SIG. See cpu_hook.h.
//
// Everybody who may touch a session counts himself in `inflight` before he looks at `running`; stop
// clears `running` and waits for the others to be through. So no lock is shared with a handler.
#include <errno.h>
#include <linux/signal.h>

#include "cpu_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/ring.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/random.h"
#include "sigsafe/unwind.h"
#include "signal_hook.h"

struct cp_cpu_shared cp_cpu_shared;
struct cp_cpu_engine_params cp_cpu_engine_params;

const struct cp_cpu_engine *const cp_cpu_engines[3] = {
	&cp_cpu_perf,
	&cp_cpu_timer,
	&cp_cpu_itimer,
};

static bool enter(void)
{
	fetch_add(&cp_cpu_shared.inflight, 1, seq_cst);
	if (load(&cp_cpu_shared.running, seq_cst))
		return true;
	fetch_sub(&cp_cpu_shared.inflight, 1, release);
	return false;
}

static void leave(void)
{
	fetch_sub(&cp_cpu_shared.inflight, 1, release);
}

static void wake_collector(void)
{
	if (exchange(&cp_cpu_shared.wake, 1, relaxed) == 0)
		cp_futex_wake(&cp_cpu_shared.wake, 1);
}

/// The handler

static void take_sample(uint32_t hint, uint64_t weight, const void *ucontext)
{
	struct cp_rings *rings = cp_cpu_shared.rings;
	struct cp_ring_record *rec = cp_rings_reserve(rings, hint, CP_MAX_PCS, weight);
	if (rec) {
		struct cp_regs regs;
		cp_regs_from_ucontext(&regs, ucontext);
		rec->epoch = cp_modmap_epoch();
		rec->tag = 0;
		struct cp_unwind_result result = cp_unwind(&regs, rec->pcs, CP_MAX_PCS);
		cp_rings_commit(rings, rec, result.nframes);
	}
	if (cp_rings_pressed(rings) ||
		(cp_modmap_is_stale() && exchange(&cp_cpu_shared.stale_may_wake, false, relaxed)))
		wake_collector();
}

/** What a signal is to us. */
struct tick {
	bool is_ours;        // from one of our engines, if only a late one
	struct cp_thread *t; // NULL: not known
	uint64_t weight;     // periods it stands for; 0: none
};

static bool is_ticking(struct cp_thread *t)
{
	uint32_t state = t ? load(&t->state, acquire) : CP_THREAD_FREE;
	return state == CP_THREAD_ARMED || state == CP_THREAD_ARMING;
}

/** A timer names its thread's record. */
static struct tick from_timer(const struct cp_signal *signal)
{
	uint64_t differs = (signal->cookie ^ cp_cpu_engine_params.cookie) >> 32;
	struct tick tick = {.is_ours = differs >> 16 == 0 && cp_cpu_engine_params.cookie != 0};
	if (differs != 0) // of an earlier session
		return tick;
	tick.t = cp_thread_at((uint32_t)signal->cookie);
	if (is_ticking(tick.t))
		tick.weight = 1 + (signal->overrun > 0 ? (uint64_t)signal->overrun : 0);
	return tick;
}

static struct tick from_perf(const struct cp_signal *signal)
{
	// Nobody else sends this code with our signal; a thread that is not found has just been disarmed.
	struct tick tick = {.is_ours = cp_cpu_perf_was_used(), .t = cp_cpu_perf_thread(signal)};
	if (!cp_cpu_perf_is_probe(signal) && is_ticking(tick.t))
		tick.weight = cp_cpu_perf_weight(tick.t);
	return tick;
}

static struct tick from_itimer(void)
{
	struct tick tick = {.is_ours = cp_cpu_itimer_is_on()};
	if (!tick.is_ours)
		return tick;
	if (cp_cpu_shared.engine != &cp_cpu_itimer)
		tick.t = cp_thread_find(cp_gettid());
	tick.weight = cp_cpu_itimer_weight(tick.t);
	return tick;
}

static struct tick tick_of(const struct cp_signal *signal)
{
	switch (signal->code) {
	case SI_TIMER:
		return from_timer(signal);
	case POLL_IN:
		return from_perf(signal);
	case SI_KERNEL:
		return from_itimer();
	default:
		return (struct tick){0};
	}
}

void cp_cpu_on_signal(int sig, void *info_arg, void *ucontext)
{
	siginfo_t *info = info_arg;
	struct cp_signal signal = {.code = info->si_code};
	if (signal.code == SI_TIMER) {
		signal.cookie = (uint64_t)info->si_ptr;
		signal.overrun = info->si_overrun;
	} else if (signal.code == POLL_IN) {
		signal.fd = info->si_fd;
	}
	struct tick tick = tick_of(&signal);
	if (!tick.is_ours) {
		fetch_add(&cp_cpu_shared.foreign, 1, relaxed);
		cp_signal_pass_on(sig, info, ucontext);
		return;
	}
	if (cp_cpu_perf_wants_periods())
		wake_collector();
	if (tick.weight == 0 || !enter())
		return;
	if (tick.t)
		fetch_add(&tick.t->ticks, tick.weight, relaxed);
	take_sample(
		tick.t ? tick.t->index : (uint32_t)(uintptr_t)&signal >> 12, tick.weight, ucontext);
	leave();
}

/// Threads

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
	if (t->engine == &cp_cpu_itimer)
		return 0;
	uint64_t due = periods_due(t, cpu_clock_ns(t));
	uint64_t ticks = load(&t->ticks, relaxed);
	return due > ticks ? due - ticks : 0;
}

/** Tries the session's engine, then those after it. */
static int arm_by_any(struct cp_thread *t)
{
	struct cp_random random;
	cp_random_seed(&random);
	uint64_t now_ns = cpu_clock_ns(t);
	t->since_ns = t->is_newborn ? 0 : now_ns;
	t->first_ns = 1 + cp_random_below(&random, cp_cpu_engine_params.period_ns);
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
	store(&t->ticks, load(&found->ticks, relaxed), relaxed);
	cp_thread_free(found);
	return true;
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
	int ret = arm_by_any(t);
	if (ret < 0) {
		if (ret != -ESRCH)
			fetch_add(&cp_cpu_shared.unarmed, 1, relaxed);
		cp_thread_free(t);
		return;
	}
	store(&t->state, CP_THREAD_ARMED, release);
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
	if (!enter()) {
		cp_thread_free(t);
		return;
	}
	if (!load(&cp_cpu_shared.keeps_blocked, relaxed))
		cp_sigmask(CP_SIG_UNBLOCK, cp_sigmask_of(cp_signal_ours()));
	cp_cpu_arm(t, cp_gettid());
	leave();
}

static void record_leftover(const struct cp_cpu_leftover *left, uint32_t hint)
{
	struct cp_rings *rings = cp_cpu_shared.rings;
	struct cp_ring_record *rec = cp_rings_reserve(rings, hint, left->npcs, left->weight);
	if (!rec)
		return;
	rec->epoch = cp_modmap_epoch();
	rec->tag = 0;
	for (uint32_t i = 0; i < left->npcs; i++)
		rec->pcs[i] = left->pcs[i];
	cp_rings_commit(rings, rec, left->npcs);
}

void cp_cpu_thread_end(uintptr_t start)
{
	if (!enter())
		return;
	// A tick that is pending now is counted below as not delivered, so it must not come any
	// more: the signal stays blocked for what is left of the thread.
	uint64_t ours = cp_sigmask_of(cp_signal_ours());
	bool was_blocked = cp_sigmask(CP_SIG_BLOCK, ours) & ours;
	struct cp_thread *t = cp_thread_find(cp_gettid());
	struct cp_cpu_leftover left;
	if (t)
		t->start = start; // it may have been found by the task scan, which does not know
	if (t && cp_cpu_disarm(t, &left) && left.weight > 0) {
		if (was_blocked && cp_cpu_owes_much(left.weight))
			cp_cpu_name_blocked(&left);
		record_leftover(&left, (uint32_t)cp_gettid());
	}
	leave();
}

/// Processes

void cp_cpu_pause_for_exec(bool pause)
{
	cp_cpu_itimer_pause(pause);
	cp_cpu_perf_pause(cp_thread_find(load(&cp_cpu_shared.paused_tid, relaxed)), pause);
}

void cp_cpu_reset_in_child(void)
{
	store(&cp_cpu_shared.running, false, relaxed);
	store(&cp_cpu_shared.inflight, 0, relaxed);
	for (uint32_t i = 1; i < cp_thread_limit(); i++)
		cp_cpu_perf_close_in_child(cp_thread_at(i));
	cp_cpu_perf_reset();
	cp_cpu_itimer_reset();
	cp_thread_forget_all();
	// A ring another thread was writing to would stay taken for ever; the parent's samples are
	// not ours.
	cp_cpu_shared.rings = NULL;
	cp_signal_reset_in_child();
	cp_modmap_after_fork();
	store(&cp_cpu_shared.state, CP_CPU_OFF, relaxed);
}
