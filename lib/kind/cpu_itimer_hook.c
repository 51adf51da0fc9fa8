// SPDX-License-Identifier: MIT
// Context: SIG. The itimer engine: one setitimer(ITIMER_PROF) for all threads that have no timer of
// their own. The last resort: its signal meets whichever thread runs, one signal a kernel tick for
// the whole process, and it survives exec, where it would kill the next program.
#include <errno.h>
#include <linux/signal.h>
#include <linux/time.h>

#include "cpu_engine_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"

static _Atomic bool is_on;

struct itimer_spec {
	struct {
		int64_t sec, usec;
	} interval, value;
};

static int set_itimer(uint64_t first_ns, uint64_t interval_ns)
{
	struct itimer_spec spec = {
		.interval = {(int64_t)(interval_ns / CP_NS_PER_S),
			(int64_t)(interval_ns % CP_NS_PER_S / 1000)},
		.value = {(int64_t)(first_ns / CP_NS_PER_S),
			(int64_t)(first_ns % CP_NS_PER_S / 1000)},
	};
	return (int)cp_syscall(SYS_setitimer, ITIMER_PROF, &spec, NULL, 0);
}

uint64_t cp_cpu_itimer_weight(void)
{
	uint64_t period_ns = cp_cpu_engine_params.period_ns;
	uint64_t weight = (cp_cpu_engine_params.tick_ns + period_ns - 1) / period_ns;
	return weight > 1 ? weight : 1;
}

static int start_itimer(uint64_t first_ns)
{
	uint64_t weight = cp_cpu_itimer_weight();
	return set_itimer(first_ns * weight, cp_cpu_engine_params.period_ns * weight);
}

static int itimer_arm(struct cp_thread *t, uint64_t first_ns)
{
	if (cp_cpu_engine_params.signal != SIGPROF)
		return -EBUSY; // the kernel sends SIGPROF, and that is the application's
	t->engine = &cp_cpu_itimer;
	if (exchange(&is_on, true, relaxed))
		return 0;
	return start_itimer(first_ns);
}

void cp_cpu_itimer_off(void)
{
	if (exchange(&is_on, false, relaxed))
		set_itimer(0, 0);
}

void cp_cpu_itimer_pause(bool pause)
{
	if (!load(&is_on, relaxed))
		return;
	if (pause)
		set_itimer(0, 0);
	else
		start_itimer(cp_cpu_engine_params.period_ns);
}

void cp_cpu_itimer_reset(void)
{
	store(&is_on, false, relaxed);
}

static uint64_t itimer_owed(struct cp_thread *t)
{
	return 0;
}

/** It goes on for the other threads; see cp_cpu_itimer_off(). */
static void itimer_disarm(struct cp_thread *t)
{
}

static enum cp_marker itimer_undelivered(void)
{
	return CP_MARKER_NONE;
}

static uint64_t itimer_weight(struct cp_thread *t, const struct cp_signal *signal)
{
	return signal->code == SI_KERNEL && load(&is_on, relaxed) ? cp_cpu_itimer_weight() : 0;
}

const struct cp_cpu_engine cp_cpu_itimer = {
	.name = "itimer",
	.arm = itimer_arm,
	.owed = itimer_owed,
		.disarm = itimer_disarm,
	.undelivered = itimer_undelivered,
	.weight = itimer_weight,
};
