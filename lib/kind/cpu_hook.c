// SPDX-License-Identifier: MIT
// Context: SIG. See cpu_hook.h.
//
// Everybody who may touch a session counts himself in `inflight` before he looks at `running`; stop
// clears `running` and waits for the others to be through. So no lock is shared with a handler.
#include <linux/signal.h>

#include "cpu_hook.h"
#include "cut_hook.h"
#include "heap_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/ring.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/unwind.h"
#include "signal_hook.h"
#include "trace_hook.h"

enum { MAX_ARMING_MS = 100 }; // of a thread for another: some system calls

CP_NEAR_DATA struct cp_cpu_shared cp_cpu_shared;
CP_NEAR_DATA struct cp_cpu_engine_params cp_cpu_engine_params;

CP_NEAR bool cp_cpu_enter(void)
{
	fetch_add(&cp_cpu_shared.inflight, 1, seq_cst);
	if (load(&cp_cpu_shared.running, seq_cst))
		return true;
	fetch_sub(&cp_cpu_shared.inflight, 1, release);
	return false;
}

CP_NEAR void cp_cpu_leave(void)
{
	fetch_sub(&cp_cpu_shared.inflight, 1, release);
}

static void wake_collector(void)
{
	if (exchange(&cp_cpu_shared.wake, 1, relaxed) == 0)
		cp_futex_wake(&cp_cpu_shared.wake, 1);
}

CP_NEAR void cp_cpu_tell_collector(uint64_t periods)
{
	int64_t awaited = fetch_sub(&cp_cpu_shared.awaited, (int64_t)periods, relaxed);
	if ((awaited > 0 && awaited <= (int64_t)periods) || cp_rings_pressed(cp_cpu_shared.rings))
		wake_collector();
}

/// The handler

/** tid: this thread. */
static void report_stale(int tid)
{
	if (!exchange(&cp_cpu_shared.stale_may_wake, false, relaxed))
		return;
	if (!load(&cp_cpu_shared.malloc_reads, relaxed))
		wake_collector();
	else if (tid == cp_cpu_shared.pid) // libc's one thread: others may stand on its thread-local storage
		cp_heap_come_by_soon();
}

/** tid: of the thread interrupted, which is this one. */
static CP_NEAR void take_sample(uint32_t hint, int tid, uint64_t weight, const void *ucontext)
{
	struct cp_rings *rings = cp_cpu_shared.rings;
	if (tid == load(&cp_cpu_shared.spared_tid, relaxed))
		return;
	struct cp_ring_record *rec = cp_rings_reserve(rings, hint, CP_MAX_PCS, weight);
	if (rec) {
		struct cp_regs regs;
		cp_regs_from_ucontext(&regs, ucontext);
		rec->tag = cp_labels_current_id(tid);
		uint32_t npcs = cp_capture_without_between(rec->pcs, cp_unwind(&regs, rec->pcs, CP_MAX_PCS).nframes);
		rec->epoch = cp_modmap_epoch_of(rec->pcs, npcs);
		if (cp_trace_is_on())
			cp_trace_cpu_sample(tid, weight * cp_cpu_engine_params.period_ns, rec->pcs, npcs);
		cp_rings_commit(rings, rec, npcs);
	}
	cp_cpu_tell_collector(weight);
	if (cp_modmap_is_stale())
		report_stale(tid);
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
	return state == CP_THREAD_ARMED || state == CP_THREAD_ARMING || state == CP_THREAD_MOVING;
}

/** A timer names its thread's record. */
static CP_NEAR struct tick from_timer(const struct cp_signal *signal)
{
	uint64_t differs = (signal->cookie ^ cp_cpu_engine_params.cookie) >> 32;
	struct tick tick = {.is_ours = differs >> 16 == 0 && cp_cpu_engine_params.cookie != 0};
	if (differs != 0) // of an earlier session
		return tick;
	tick.t = cp_thread_at((uint32_t)signal->cookie);
	if (is_ticking(tick.t))
		tick.weight = 1 + (signal->overrun > 0 ? (uint64_t)signal->overrun : 0) +
			      exchange(&tick.t->nskipped, 0, relaxed);
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

static inline struct cp_signal signal_of(const siginfo_t *info)
{
	struct cp_signal signal = {.code = info->si_code};
	if (signal.code == SI_TIMER) {
		signal.cookie = (uint64_t)info->si_ptr;
		signal.overrun = info->si_overrun;
	} else if (signal.code == POLL_IN) {
		signal.fd = info->si_fd;
	}
	return signal;
}

bool cp_cpu_postpone(const void *info)
{
	struct cp_signal signal = signal_of(info);
	if (signal.code == POLL_IN)
		return cp_cpu_perf_was_used(); // clocks say what the next one stands for
	if (signal.code != SI_TIMER)
		return signal.code == SI_KERNEL && cp_cpu_itimer_is_on();
	struct tick tick = from_timer(&signal);
	if (tick.weight > 0)
		fetch_add(&tick.t->nskipped, (uint32_t)tick.weight, relaxed);
	return tick.is_ours;
}

CP_NEAR void cp_cpu_on_signal(int sig, void *info_arg, void *ucontext)
{
	siginfo_t *info = info_arg;
	struct cp_signal signal = signal_of(info);
	struct tick tick = tick_of(&signal);
	if (!tick.is_ours) {
		fetch_add(&cp_cpu_shared.foreign, 1, relaxed);
		if (cp_signal_is_end(sig, info))
			cp_signal_end(sig);
		else
			cp_signal_pass_on(sig, info, ucontext);
		return;
	}
	if (cp_cpu_perf_wants_periods())
		wake_collector();
	if (tick.weight > 0 && cp_cpu_enter()) {
		uint32_t ring = tick.t ? tick.t->index : (uint32_t)(uintptr_t)&signal >> 12;
		if (tick.t)
			fetch_add(&tick.t->ticks, tick.weight, relaxed);
		take_sample(ring, tick.t ? load(&tick.t->tid, relaxed) : cp_gettid(), tick.weight, ucontext);
		cp_cpu_leave();
	}
	// Perf's ticks end calls.
	cp_cut_look(ucontext, load(&cp_cpu_shared.is_confined, relaxed), false);
}

/// Processes

static void pause_ticks(int tid, bool pause)
{
	cp_cpu_itimer_pause(pause);
	cp_cpu_perf_pause(cp_thread_find(tid), pause);
}

/** Those that this thread blocks outlive exec, but for a timer's, and end the next program when it lets them in. */
static void take_pending_ticks(void)
{
	struct cp_timespec now = {0};
	siginfo_t info, of_app = {0};
	int sig = cp_signal_ours();
	if (sig <= 0 || load(&cp_cpu_shared.is_confined, relaxed))
		return;
	uint64_t set = cp_sigmask_of(sig);
	while (cp_syscall(SYS_rt_sigtimedwait, &set, &info, &now, sizeof(set)) > 0) {
		if (!cp_cpu_postpone(&info))
			of_app = info;
	}
	if (of_app.si_signo == sig)
		cp_syscall(SYS_rt_tgsigqueueinfo, cp_getpid(), cp_gettid(), sig, &of_app);
}

void cp_cpu_before_exec(void)
{
	int tid = cp_gettid();
	uint64_t give_up_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) + MAX_ARMING_MS * CP_NS_PER_MS;
	store(&cp_cpu_shared.paused_tid, tid, seq_cst);
	// Who looks at paused_tid later does not make it tick any more.
	while (load(&cp_cpu_shared.arming_tid, seq_cst) == tid && cp_clock_ns(CP_CLOCK_MONOTONIC) < give_up_ns)
		cp_syscall(SYS_sched_yield, 0, 0, 0, 0);
	pause_ticks(tid, true);
	take_pending_ticks();
}

void cp_cpu_after_exec(void)
{
	int tid = cp_gettid();
	if (load(&cp_cpu_shared.paused_tid, relaxed) != tid || cp_cpu_shared.pid != cp_getpid())
		return;
	pause_ticks(tid, false);
	store(&cp_cpu_shared.paused_tid, 0, release);
}

void cp_cpu_reset_in_child(void)
{
	store(&cp_cpu_shared.running, false, relaxed);
	store(&cp_cpu_shared.inflight, 0, relaxed);
	store(&cp_cpu_shared.paused_tid, 0, relaxed);
	store(&cp_cpu_shared.arming_tid, 0, relaxed);
	cp_cpu_shared.lock = (struct cp_lock){0};
	for (uint32_t i = 1; i < cp_thread_limit(); i++)
		cp_cpu_perf_close_in_child(cp_thread_at(i));
	cp_cpu_perf_reset();
	cp_cpu_itimer_reset();
	cp_thread_forget_all();
	cp_cpu_forget_ended(NULL);
	// A ring another thread was writing to would stay taken for ever; the parent's samples are
	// not ours.
	cp_cpu_shared.rings = NULL;
	cp_signal_reset_in_child();
	cp_cpu_shared.is_forked = true;
	cp_modmap_after_fork();
	store(&cp_cpu_shared.state, CP_CPU_OFF, relaxed);
}
