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
#include "sigsafe/random.h"

static struct {
	_Atomic bool is_on;
	bool is_alone;          // no thread has a timer of its own
	uint64_t since_ns;      // on the process's CPU clock
	_Atomic uint64_t taken; // periods delivered, when it is alone
} itimer;

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

/** More than one where the rate is above the kernel's, which sends at most one signal a tick. */
static uint64_t periods_a_tick(void)
{
	uint64_t period_ns = cp_cpu_engine_params.period_ns;
	uint64_t weight = (cp_cpu_engine_params.tick_ns + period_ns - 1) / period_ns;
	return weight > 1 ? weight : 1;
}

/** The kernel takes microseconds, and none of them for the wish that it stops. */
static int start_itimer(uint64_t first_ns)
{
	uint64_t weight = periods_a_tick();
	first_ns = first_ns * weight > 1000 ? first_ns * weight : 1000;
	return set_itimer(first_ns, cp_cpu_engine_params.period_ns * weight);
}

static int itimer_arm(struct cp_thread *t, uint64_t first_ns)
{
	if (cp_cpu_engine_params.signal != SIGPROF)
		return -EBUSY; // the kernel sends SIGPROF, and that is the application's
	t->engine = &cp_cpu_itimer;
	if (exchange(&itimer.is_on, true, relaxed))
		return 0;
	return start_itimer(first_ns);
}

void cp_cpu_itimer_off(void)
{
	if (exchange(&itimer.is_on, false, relaxed))
		set_itimer(0, 0);
}

void cp_cpu_itimer_pause(bool pause)
{
	if (!load(&itimer.is_on, relaxed))
		return;
	if (pause)
		set_itimer(0, 0);
	else
		start_itimer(cp_cpu_engine_params.period_ns);
}

void cp_cpu_itimer_reset(void)
{
	store(&itimer.is_on, false, relaxed);
}

/** It goes on for the other threads; see cp_cpu_itimer_off(). */
static void itimer_disarm(struct cp_thread *t)
{
}

static enum cp_marker itimer_undelivered(void)
{
	return CP_MARKER_THREAD_EXIT;
}

uint64_t cp_cpu_itimer_take_owed(void)
{
	uint64_t due = (cp_clock_ns(CP_CLOCK_PROCESS_CPU) - itimer.since_ns) /
		       cp_cpu_engine_params.period_ns;
	uint64_t taken = load(&itimer.taken, relaxed);
	do {
		if (due <= taken)
			return 0;
	} while (!compare_exchange(&itimer.taken, &taken, due, relaxed));
	return due - taken;
}

uint64_t cp_cpu_itimer_weight(struct cp_thread *t)
{
	if (t && t->engine != &cp_cpu_itimer)
		return 0; // it has a timer of its own
	// Signals that met one that was pending are lost, and some meet another thread than the one whose
	// time they stand for: clocks say what is due. Alone it answers for all the process's time.
	if (itimer.is_alone)
		return cp_cpu_itimer_take_owed();
	return t ? cp_cpu_owed(t) : periods_a_tick();
}

bool cp_cpu_itimer_is_alone(void)
{
	return itimer.is_alone;
}

bool cp_cpu_itimer_is_on(void)
{
	return load(&itimer.is_on, relaxed);
}

void cp_cpu_itimer_begin(bool is_alone)
{
	itimer.is_alone = is_alone;
	struct cp_random random;
	cp_random_seed(&random);
	// As if a period had begun at a random time before: so short profiles add up to the truth, too.
	itimer.since_ns = cp_clock_ns(CP_CLOCK_PROCESS_CPU) -
			  cp_random_below(&random, cp_cpu_engine_params.period_ns);
	store(&itimer.taken, 0, relaxed);
}

const struct cp_cpu_engine cp_cpu_itimer = {
	.name = "itimer",
	.arm = itimer_arm,
	.disarm = itimer_disarm,
	.undelivered = itimer_undelivered,
};
