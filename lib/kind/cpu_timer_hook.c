// SPDX-License-Identifier: MIT
// Context: SIG. The timer engine: a POSIX timer on each thread's CPU clock.
//
// It needs no descriptor and no permission, costs nothing at a context switch, and ticks in the
// kernel as well. Its signals ride on the kernel's tick; periods that pass between two ticks arrive
// as overruns.
#include <errno.h>
#include <linux/signal.h>
#include <linux/time.h>

#include "cpu_engine_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"

enum { SIGEV_THREAD_ID_ = 4 }; // the kernel's name is taken by its own header on some libcs

struct timer_spec {
	struct cp_timespec interval, value;
};

static int timer_arm(struct cp_thread *t, uint64_t first_ns)
{
	int tid = load(&t->tid, relaxed);
	int clock = cp_thread_cpu_clock(tid);
	struct sigevent event = {
		.sigev_value.sival_ptr = (void *)(cp_cpu_engine_params.cookie | t->index),
		.sigev_signo = cp_cpu_engine_params.signal,
		.sigev_notify = SIGEV_THREAD_ID_,
		._sigev_un._tid = tid,
	};
	long ret = cp_syscall(SYS_timer_create, clock, &event, &t->timer_id, 0);
	if (ret < 0) // EINVAL is how the kernel says that the thread has ended
		return ret == -EINVAL ? -ESRCH : (int)ret;
	t->engine = &cp_cpu_timer;
	struct timer_spec spec = {
		.interval = cp_timespec_from_ns(cp_cpu_engine_params.period_ns),
		.value = cp_timespec_from_ns(first_ns),
	};
	ret = cp_syscall(SYS_timer_settime, t->timer_id, 0, &spec, 0);
	if (ret < 0)
		cp_syscall(SYS_timer_delete, t->timer_id, 0, 0, 0);
	return (int)ret;
}

/** Few places, one golden section of the period from each to the next, lie more evenly than random ones. A place that
 *  is over is left to the next tick: set now, the timer would fire at once, and break a system call of a thread that
 *  sleeps. */
static void timer_move(struct cp_thread *t)
{
	uint64_t period_ns = cp_cpu_engine_params.period_ns, ticks = load(&t->ticks, relaxed);
	uint64_t now_ns = cp_clock_ns(cp_thread_cpu_clock(load(&t->tid, relaxed)));
	uint64_t begin_ns = t->since_ns + ticks * period_ns;
	if (begin_ns + t->first_ns <= now_ns)
		return; // the tick is on its way
	t->first_ns = 1 + (t->first_ns - 1 + period_ns / 1000 * 618) % period_ns;
	bool is_over = begin_ns + t->first_ns <= now_ns;
	struct timer_spec spec = {
		.interval = cp_timespec_from_ns(period_ns),
		.value = cp_timespec_from_ns(begin_ns + t->first_ns + is_over * period_ns - now_ns),
	};
	store(&t->nskipped, is_over, relaxed);
	cp_syscall(SYS_timer_settime, t->timer_id, 0, &spec, 0);
	if (load(&t->ticks, relaxed) != ticks) // it came meanwhile
		store(&t->nskipped, 0, relaxed);
}

static void timer_disarm(struct cp_thread *t)
{
	cp_syscall(SYS_timer_delete, t->timer_id, 0, 0, 0);
}

static enum cp_marker timer_undelivered(void)
{
	return CP_MARKER_THREAD_EXIT;
}

const struct cp_cpu_engine cp_cpu_timer = {
	.name = "timer",
	.arm = timer_arm,
	.move = timer_move,
	.disarm = timer_disarm,
	.undelivered = timer_undelivered,
};
