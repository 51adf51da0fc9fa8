// SPDX-License-Identifier: MIT
// Context: CTL. See wall.h. A tick comes at random times around its period, so that nothing periodic in the program
// hides from it, and counts for the time since the last one. It takes at most a twentieth of one processor: with many
// threads it comes less often.
#include "wall.h"

#include <errno.h>

#include "contention_hook.h"
#include "own_thread.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/random.h"
#include "sigsafe/sys.h"
#include "sigsafe/thread.h"
#include "sigsafe/unwind.h"
#include "target.h"
#include "threads.h"
#include "wall_threads.h"
#include "write/labels_out.h"
#include "write/profile_out.h"

enum { NBUCKETS = 1 << 12, MAX_STACKS_BYTES = 256 << 20, COST_LIMIT = 20 };

enum state { OFF, CHANGING, ON };

static _Atomic uint32_t state;
static _Atomic int owner_pid;
static struct cp_own_thread thread;
static _Atomic uint32_t is_stopping; // a futex
static struct cp_wall_threads threads;
static uint64_t period_ns, start_ns, start_realtime_ns, last_ns;
static bool is_held;
static _Atomic uint64_t begin_ns; // 0: it is held
static _Atomic uint64_t nticks;
static _Atomic int tick_error; // of the last tick that failed

/** Now, or when the profile began to end. */
static uint64_t until_ns(void)
{
	return load(&threads.leaver.tid, acquire) ? threads.leaver.ns : cp_clock_ns(CP_CLOCK_MONOTONIC);
}

static void tick(void)
{
	if (cp_modmap_is_stale())
		cp_modmap_refresh();
	uint64_t now_ns = until_ns(), first_ns = load(&begin_ns, acquire);
	if (last_ns < first_ns)
		last_ns = first_ns;
	bool is_leaving = load(&threads.leaver.tid, relaxed) && !load(&threads.leaver.npcs, relaxed);
	if (first_ns == 0 || now_ns <= last_ns || is_leaving) // the last tick is to come
		return;
	// An error (no memory, no descriptor) may pass; the time counts for the next tick.
	int error = cp_wall_threads_tick(&threads, now_ns - last_ns);
	if (error < 0) {
		store(&tick_error, error, relaxed);
		return;
	}
	last_ns = now_ns;
	fetch_add(&nticks, 1, relaxed);
}

static void run(void *arg)
{
	struct cp_random random;
	uint64_t cost_ns = 0;
	cp_random_seed(&random);
	while (!load(&is_stopping, acquire) && !cp_own_thread_is_dismissed(&thread)) {
		uint64_t wait_ns = period_ns / 2 + cp_random_next(&random) % period_ns;
		cp_futex_wait(&is_stopping, 0, wait_ns > COST_LIMIT * cost_ns ? wait_ns : COST_LIMIT * cost_ns);
		uint64_t before_ns = cp_clock_ns(CP_CLOCK_THREAD_CPU);
		if (!load(&is_stopping, acquire))
			tick();
		cost_ns = cp_clock_ns(CP_CLOCK_THREAD_CPU) - before_ns;
	}
	tick(); // all the time is in it
}

static bool take_state(enum state from, enum state to)
{
	uint32_t expected = from;
	return compare_exchange(&state, &expected, to, acq_rel);
}

/** Where they stand, so that they need not be asked. */
static void let_waiters_tell(bool do_tell)
{
	if (do_tell) {
		atomic_fetch_or(&cp_contention_mode, CP_CONTENTION_WALL);
		atomic_fetch_or(&cp_calls_mode, CP_CALLS_WALL);
	} else {
		atomic_fetch_and(&cp_contention_mode, ~(unsigned)CP_CONTENTION_WALL);
		atomic_fetch_and(&cp_calls_mode, ~(unsigned)CP_CALLS_WALL);
	}
}

static int start(int rate_hz)
{
	int ret = cp_unwind_init();
	if (ret == 0)
		ret = cp_modmap_refresh();
	if (ret < 0)
		return ret;
	threads = (struct cp_wall_threads){.buffer = threads.buffer}; // that one is never freed
	ret = cp_stacktab_init(&threads.stacks, NBUCKETS, MAX_STACKS_BYTES);
	if (ret < 0)
		return ret;
	period_ns = CP_NS_PER_S / (uint64_t)rate_hz;
	start_ns = last_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	start_realtime_ns = cp_clock_ns(CP_CLOCK_REALTIME);
	store(&begin_ns, is_held ? 0 : start_ns, relaxed);
	store(&nticks, 0, relaxed);
	store(&tick_error, 0, relaxed);
	store(&is_stopping, 0, relaxed);
	thread = (struct cp_own_thread){.name = "cprof-wall", .run = run, .waits_on = &is_stopping,
			.has_own_files = true};
	cp_threads_reserve_signal(); // not at the first tick: threads are born before it
	let_waiters_tell(true);
	ret = cp_own_thread_start(&thread);
	if (ret < 0) {
		let_waiters_tell(false);
		cp_wall_threads_free(&threads);
	}
	return ret;
}

int cp_wall_start(int rate_hz)
{
	if (load(&owner_pid, relaxed) != cp_getpid())
		store(&state, OFF, relaxed); // a fork's child has a copy
	if (!take_state(OFF, CHANGING))
		return -EBUSY;
	store(&owner_pid, cp_getpid(), relaxed);
	int ret = start(rate_hz);
	store(&state, ret < 0 ? OFF : ON, release);
	return ret;
}

void cp_wall_hold(bool hold)
{
	is_held = hold;
	if (!hold && load(&owner_pid, relaxed) == cp_getpid() && load(&state, acquire) == ON &&
			load(&begin_ns, relaxed) == 0)
		store(&begin_ns, start_ns = cp_clock_ns(CP_CLOCK_MONOTONIC), release);
}

/// Writing

struct emission {
	struct cp_profile_out *out;
	int error;
};

static void put_stack(struct cp_stack *s, void *arg)
{
	struct emission *e = arg;
	struct cp_label labels[CP_LABELS_MAX];
	int64_t values[] = {load(&s->values[CP_WALL_SAMPLES], relaxed), load(&s->values[CP_WALL_NS], relaxed)};
	if (values[0] == 0 || e->error)
		return;
	uint32_t nlabels = cp_labels_out((uint32_t)s->tag, labels);
	e->error = cp_profile_out_sample(e->out, s->pcs, s->npcs, s->epoch, values, labels, nlabels);
}

static int write_samples(struct cprof_writer writer)
{
	struct cp_profile_spec spec = {
			.sample_types = {{"samples", "count"}, {"time", "nanoseconds"}},
			.nsample_types = 2,
			.period_type = {"wallclock", "nanoseconds"},
			.period = (int64_t)period_ns,
			.time_ns = (int64_t)start_realtime_ns,
			.default_sample_type = "time",
	};
	struct emission e = {0};
	int ret = cp_profile_out_begin(&e.out, &spec, writer);
	if (ret < 0)
		return ret;
	cp_profile_out_comment(e.out, "cprof %s: wall-clock profile of process %d", cprof_version(), cp_getpid());
	cp_profile_out_comment(e.out, "%llu ticks, %llu samples; stacks taken: %llu from outside, %llu by a signal",
			(unsigned long long)load(&nticks, relaxed), (unsigned long long)threads.nsamples,
			(unsigned long long)threads.nlooked, (unsigned long long)threads.nasked);
	int error = load(&tick_error, relaxed);
	if (error < 0)
		cp_profile_out_comment(e.out, "ticks were missed: the threads cannot be listed (%s)",
				error == -EXDEV ? "/proc is another PID namespace's" : cprof_strerror(error));
	cp_stacktab_each(&threads.stacks, put_stack, &e);
	ret = cp_profile_out_end(e.out, (int64_t)(until_ns() - start_ns));
	return e.error ? e.error : ret;
}

static int write_now(struct cprof_writer writer)
{
	struct cp_target target;
	int ret = cp_target_open(&target, writer);
	return ret < 0 ? ret : cp_target_end(&target, write_samples(target.writer));
}

void cp_wall_leave(void)
{
	bool is_on = load(&owner_pid, relaxed) == cp_getpid() && load(&state, acquire) == ON;
	if (is_on && !cp_thread_is_excluded(cp_gettid()))
		cp_wall_threads_leave(&threads, cp_clock_ns(CP_CLOCK_MONOTONIC));
}

int cp_wall_stop(struct cprof_writer writer)
{
	if (load(&owner_pid, relaxed) != cp_getpid() || !take_state(ON, CHANGING))
		return 0;
	let_waiters_tell(false);
	store(&is_stopping, 1, release);
	cp_futex_wake(&is_stopping, 1);
	cp_own_thread_join(&thread);
	cp_modmap_refresh();
	int ret = write_now(writer);
	cp_wall_threads_free(&threads);
	store(&state, OFF, release);
	return ret;
}

int cp_wall_write(struct cprof_writer writer)
{
	if (load(&owner_pid, relaxed) != cp_getpid() || load(&state, acquire) != ON)
		return -EBUSY;
	return write_now(writer);
}
