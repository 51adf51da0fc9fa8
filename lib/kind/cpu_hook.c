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

/** The record of the thread a signal is for: named by the timer's cookie, or looked up. */
static struct cp_thread *thread_of(const struct cp_signal *signal)
{
	if (signal->code == SI_TIMER)
		return cp_thread_at((uint32_t)signal->cookie);
	return cp_thread_find(cp_gettid());
}

/** The periods a signal stands for. *ours_out: it comes from one of our engines, if only an old
 * one. */
static uint64_t weigh(const struct cp_signal *signal, struct cp_thread **thread_out, bool *ours_out)
{
	const uint64_t magic_mask = 0xffffull << 48;
	uint64_t cookie = cp_cpu_engine_params.cookie;
	*ours_out = signal->code == SI_TIMER && ((signal->cookie ^ cookie) & magic_mask) == 0;
	*thread_out = NULL;
	if (cookie == 0 || (signal->code == SI_TIMER && (signal->cookie ^ cookie) >> 32 != 0))
		return 0;
	struct cp_thread *t = thread_of(signal);
	uint32_t state = t ? load(&t->state, acquire) : CP_THREAD_FREE;
	if (state == CP_THREAD_ARMED || state == CP_THREAD_ARMING) {
		const struct cp_cpu_engine *engine = t->engine;
		*thread_out = t;
		uint64_t weight = engine ? engine->weight(t, signal) : 0;
		*ours_out |= weight > 0;
		return weight;
	}
	// A thread not found yet has only the process's timer.
	uint64_t weight = cp_cpu_itimer.weight(NULL, signal);
	*ours_out |= weight > 0;
	return t ? 0 : weight;
}

void cp_cpu_on_signal(int sig, void *info_arg, void *ucontext)
{
	siginfo_t *info = info_arg;
	struct cp_signal signal = {.code = info->si_code};
	if (signal.code == SI_TIMER) {
		signal.cookie = (uint64_t)info->si_ptr;
		signal.overrun = info->si_overrun;
	} else if (signal.code > 0 && signal.code < SI_KERNEL) {
		signal.fd = info->si_fd;
	}
	bool ours;
	struct cp_thread *t;
	uint64_t weight = weigh(&signal, &t, &ours);
	if (!ours && !cp_cpu_perf_is_probe(&signal)) {
		fetch_add(&cp_cpu_shared.foreign, 1, relaxed);
		cp_signal_pass_on(sig, info, ucontext);
		return;
	}
	if (weight == 0 || !enter())
		return;
	if (t)
		fetch_add(&t->ticks, weight, relaxed);
	take_sample(t ? t->index : 0, weight, ucontext);
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

/** Tries the session's engine, then those after it. */
static int arm_by_any(struct cp_thread *t)
{
	struct cp_random random;
	cp_random_seed(&random);
	uint64_t first_ns = 1 + cp_random_below(&random, cp_cpu_engine_params.period_ns);
	int ret = -ENOSYS;
	for (int i = engine_number(cp_cpu_shared.engine); i < 3; i++) {
		ret = cp_cpu_engines[i]->arm(t, first_ns);
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
	fetch_add(&cp_cpu_shared.seen, 1, relaxed);
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
	left_out->weight = engine->owed(t);
	engine->disarm(t);
	if (t->start)
		left_out->pcs[left_out->npcs++] = t->start;
	left_out->pcs[left_out->npcs++] = engine->undelivered();
	cp_thread_free(t);
	return true;
}

void cp_cpu_thread_begin(struct cp_thread *t)
{
	if (!load(&cp_cpu_shared.keeps_blocked, relaxed))
		cp_sigmask(CP_SIG_UNBLOCK, cp_sigmask_of(cp_signal_ours()));
	if (!enter()) {
		cp_thread_free(t);
		return;
	}
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

void cp_cpu_thread_end(void)
{
	if (!enter())
		return;
	// A tick that is pending now is counted below as not delivered, so it must not come any
	// more: the signal stays blocked for what is left of the thread.
	cp_sigmask(CP_SIG_BLOCK, cp_sigmask_of(cp_signal_ours()));
	struct cp_thread *t = cp_thread_find(cp_gettid());
	struct cp_cpu_leftover left;
	if (t && cp_cpu_disarm(t, &left) && left.weight > 0)
		record_leftover(&left, (uint32_t)cp_gettid());
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
