// SPDX-License-Identifier: MIT
// Context: CTL. The CPU profile: who may start and stop it, and what happens then in which order.
//
//   off -> starting -> on -> stopping -> off. Who moves it on owns the session; no lock is held, so
//   that a writer's callback may call us. Others are told -EBUSY at start, and wait for the end at
//   stop. Windows (cpu_window.c) join a session that is on, or begin one; the last who leaves ends it.
#include "cpu.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "contention_hook.h"
#include "cpu_session.h"
#include "heap_hook.h"
#include "signal_install.h"
#include "task_info.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/random.h"
#include "sigsafe/ring.h"
#include "sigsafe/unwind.h"
#include "write/profile_out.h"

enum {
	RING_BYTES = 256 << 10,
	MIN_RINGS = 4,
	MAX_RINGS = 64,
	NBUCKETS = 1 << 11, // each piece goes through them
	MAX_STACKS_BYTES = 64 << 20,
	MAX_DRAIN_MS = 10, // a handler whose thread does not get to run is not waited for for ever
	MAX_CHECKPOINT_MS = 500,
};

static _Atomic int owner_tid; // of the thread that is starting or stopping
static struct cp_cpu_session session CP_TABLE;
static uint64_t magic; // of our timers' cookies, in this process

static void set_state(enum cp_cpu_state to)
{
	store(&owner_tid, 0, relaxed);
	store(&cp_cpu_shared.state, to, release);
	cp_futex_wake(&cp_cpu_shared.state, INT32_MAX);
}

static bool take_state(enum cp_cpu_state from, enum cp_cpu_state to)
{
	uint32_t expected = from;
	if (!compare_exchange(&cp_cpu_shared.state, &expected, to, acq_rel))
		return false;
	store(&owner_tid, cp_gettid(), relaxed);
	return true;
}

struct cp_cpu_session *cp_cpu_current(void)
{
	return &session;
}

/// Once in a process

static int make_rings(void)
{
	if (cp_cpu_shared.rings)
		return 0;
	long ncpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t nrings = ncpus < MIN_RINGS / 2 ? MIN_RINGS : (uint32_t)(2 * ncpus);
	cp_cpu_shared.rings = cp_rings_create(nrings < MAX_RINGS ? nrings : MAX_RINGS, RING_BYTES);
	return cp_cpu_shared.rings ? 0 : -ENOMEM;
}

int cp_cpu_reserve_signal(void)
{
	return cp_signal_install(CP_SIGNAL_CPU, cp_cpu_on_signal);
}

static int prepare_process(void)
{
	int ret = make_rings();
	if (ret == 0)
		ret = cp_unwind_init();
	if (ret == 0)
		ret = cp_modmap_refresh();
	if (ret == 0)
		ret = cp_cpu_reserve_signal();
	ret = ret < 0 ? ret : 0;
	if (magic == 0) {
		struct cp_random random;
		cp_random_seed(&random);
		magic = cp_random_next(&random) << 48 | 1ull << 48;
	}
	return ret;
}

/// Start

static void drop_record(const struct cp_ring_record *rec, void *arg)
{
}

static void reset_session(const struct cp_cpu_options *options)
{
	static uint16_t number; // in the cookie, too: ticks of an earlier session are not ours
	struct cp_cpu_session *s = &session;
	cp_lock_take(&cp_cpu_shared.lock); // a window of an earlier session may be looking
	memset(s, 0, sizeof(*s));
	s->number = ++number;
	cp_lock_release(&cp_cpu_shared.lock);
	s->options = *options;
	s->target.fd = -1;
	s->starter_tid = cp_sigmask(CP_SIG_BLOCK, 0) & cp_sigmask_of(cp_signal_ours()) ? 0 : cp_gettid();
	cp_cpu_engine_params.signal = cp_signal_ours();
	cp_cpu_engine_params.cookie = magic | (uint64_t)number << 32;
	cp_cpu_shared.pid = cp_getpid();
	store(&cp_cpu_shared.blocked, 0, relaxed);
	store(&cp_cpu_shared.unarmed, 0, relaxed);
	store(&cp_cpu_shared.foreign, 0, relaxed);
	for (int i = 0; i < 3; i++) {
		store(&cp_cpu_shared.armed[i], 0, relaxed);
		store(&cp_cpu_shared.refusal[i], 0, relaxed);
	}
	store(&cp_cpu_shared.paused_tid, 0, relaxed);
	store(&cp_cpu_shared.spared_tid, 0, relaxed);
	store(&cp_cpu_shared.known_ns, 0, relaxed);
	cp_rings_drain(cp_cpu_shared.rings, drop_record, NULL);
	s->lost_before = cp_rings_lost(cp_cpu_shared.rings);
}

/** A timer's tick waits for the end of the call it finds, one of perf ends it. */
static void watch_calls(void)
{
	struct cp_task_status status;
	bool is_confined = cp_task_read_status(cp_gettid(), &status) < 0 || status.is_confined;
	store(&cp_cpu_shared.is_confined, is_confined, relaxed);
	if (cp_cpu_shared.engine == &cp_cpu_perf)
		atomic_fetch_or(&cp_calls_mode, CP_CALLS_CPU);
}

static void unwatch_calls(void)
{
	atomic_fetch_and(&cp_calls_mode, ~(unsigned)CP_CALLS_CPU);
}

static void end_sampling(struct cp_cpu_session *s)
{
	// The threads work on, and if this one now has to wait for a processor, for long. So all that is
	// counted is counted here, before anybody is waited for.
	uint64_t process_ns = cp_clock_ns(CP_CLOCK_PROCESS_CPU) - s->start_cpu_ns;
	cp_cpu_tasks_disarm_all(s);
	cp_cpu_tasks_count_unseen(s, process_ns);
	store(&cp_cpu_shared.running, false, seq_cst);
	uint64_t give_up_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) + MAX_DRAIN_MS * CP_NS_PER_MS;
	while (load(&cp_cpu_shared.inflight, seq_cst) > 0) {
		if (cp_clock_ns(CP_CLOCK_MONOTONIC) > give_up_ns)
			break;
		cp_syscall(SYS_sched_yield, 0, 0, 0, 0);
	}
	unwatch_calls();
	s->end_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	cp_cpu_tasks_disarm_late(); // whom the hook has armed meanwhile
}

/** When it returns all threads tick. */
static int start_collector(struct cp_cpu_session *s)
{
	s->collector = (struct cp_own_thread){
		.name = "cprof", .run = cp_cpu_collector_run, .arg = s, .waits_on = &cp_cpu_shared.wake,
		.has_own_files = cp_cpu_shared.engine != &cp_cpu_perf, // whose events are descriptors
		// Where it may not ask the loader for modules our malloc does.
		.does_without_libc = !cp_heap.is_shadowed && !cp_heap.sanitizer};
	int ret = cp_own_thread_start(&s->collector);
	while (ret == 0 && !load(&s->has_begun, acquire))
		cp_futex_wait(&s->has_begun, 0, CP_FUTEX_FOREVER);
	return ret;
}

static int start(const struct cp_cpu_options *options, struct cprof_writer writer)
{
	struct cp_cpu_session *s = &session;
	int ret = prepare_process();
	if (ret < 0)
		return ret;
	reset_session(options);
	ret = cp_target_init(&s->target, writer);
	if (ret < 0)
		return ret;
	ret = cp_stacktab_init(&s->stacks, NBUCKETS, MAX_STACKS_BYTES);
	if (ret == 0) {
		ret = cp_cpu_engine_choose(s);
		if (ret == 0) {
			watch_calls();
			ret = start_collector(s);
		}
		if (ret < 0) {
			unwatch_calls();
			cp_stacktab_deinit(&s->stacks);
		}
	}
	if (ret < 0)
		cp_target_drop(&s->target);
	return ret;
}

/** A child that was made without fork(), by _Fork or a raw clone, has a copy of a session that is not its. */
static void drop_copied_session(void)
{
	uint32_t state = load(&cp_cpu_shared.state, acquire);
	if ((state == CP_CPU_ON || state == CP_CPU_STOPPING) && cp_cpu_shared.pid != cp_getpid())
		cp_cpu_reset_in_child();
}

int cp_cpu_start(const struct cp_cpu_options *options, struct cprof_writer writer)
{
	drop_copied_session();
	if (!take_state(CP_CPU_OFF, CP_CPU_STARTING))
		return -EBUSY;
	int ret = start(options, writer);
	session.is_owned = ret == 0;
	set_state(ret < 0 ? CP_CPU_OFF : CP_CPU_ON);
	return ret;
}

static int write_nowhere(void *arg, const void *data, size_t size)
{
	return 0;
}

/** -EAGAIN: the session is not running, or was just ended. */
static int join_running(void)
{
	cp_lock_take(&cp_cpu_shared.lock);
	bool is_on = load(&cp_cpu_shared.state, acquire) == CP_CPU_ON;
	session.nwindows += is_on;
	cp_lock_release(&cp_cpu_shared.lock);
	return is_on ? 0 : -EAGAIN;
}

int cp_cpu_join(const struct cp_cpu_options *options, struct cp_cpu_session **session_out)
{
	drop_copied_session();
	*session_out = &session;
	while (join_running() < 0) {
		if (take_state(CP_CPU_OFF, CP_CPU_STARTING)) {
			int ret = start(options, (struct cprof_writer){.write = write_nowhere});
			session.nwindows = ret == 0;
			set_state(ret < 0 ? CP_CPU_OFF : CP_CPU_ON);
			return ret;
		}
		uint32_t state = load(&cp_cpu_shared.state, acquire);
		if (state != CP_CPU_STARTING && state != CP_CPU_STOPPING)
			continue;
		if (load(&owner_tid, relaxed) == cp_gettid())
			return -EBUSY;
		cp_futex_wait(&cp_cpu_shared.state, state, CP_FUTEX_FOREVER);
	}
	return 0;
}

/// Stop

static void end_collector(struct cp_cpu_session *s)
{
	store(&s->stopping, true, release);
	cp_cpu_collector_wake();
	cp_own_thread_join(&s->collector);
}

static void drop_stacks(struct cp_cpu_session *s)
{
	cp_lock_take(&cp_cpu_shared.lock);
	s->is_over = true;
	cp_stacktab_deinit(&s->stacks);
	cp_lock_release(&cp_cpu_shared.lock);
}

static int write_whole(struct cp_cpu_session *s)
{
	if (s->options.skip_empty && load(&s->stats.periods, relaxed) + s->stats.lost == 0) {
		cp_target_drop(&s->target);
		return 0;
	}
	int ret = cp_target_begin(&s->target);
	return ret < 0 ? ret : cp_target_end(&s->target, cp_cpu_output_whole(s));
}

static void collect(struct cp_cpu_session *s)
{
	cp_lock_take(&cp_cpu_shared.lock);
	cp_cpu_collect(s);
	cp_lock_release(&cp_cpu_shared.lock);
}

/** All that is sampled is in the stacks after it. */
static void finish(struct cp_cpu_session *s)
{
	end_sampling(s);
	end_collector(s);
	cp_cpu_tasks_disarm_late(); // whom the collector's last scan has armed
	collect(s);
	if (s->pieces)
		cp_profile_out_abandon(s->pieces);
}

/** Somebody is through with the session: ends it where it was the last. The caller owns the state. */
static void settle(struct cp_cpu_session *s)
{
	cp_lock_take(&cp_cpu_shared.lock);
	bool is_last = s->nwindows == 0 && !s->is_owned;
	if (!is_last)
		set_state(CP_CPU_ON);
	cp_lock_release(&cp_cpu_shared.lock);
	if (!is_last)
		return;
	finish(s);
	drop_stacks(s);
	set_state(CP_CPU_OFF);
}

void cp_cpu_part(struct cp_cpu_session *s, uint32_t number)
{
	cp_lock_take(&cp_cpu_shared.lock);
	bool is_there = s->number == number && !s->is_over;
	s->nwindows -= is_there;
	bool is_last = is_there && s->nwindows == 0 && !s->is_owned && take_state(CP_CPU_ON, CP_CPU_STOPPING);
	cp_lock_release(&cp_cpu_shared.lock);
	if (is_last)
		settle(s);
}

/** The profile of cp_cpu_start(), while windows go on. */
static int stop_shared(struct cp_cpu_session *s)
{
	s->end_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	collect(s);
	int ret = write_whole(s);
	cp_lock_take(&cp_cpu_shared.lock);
	s->is_owned = false;
	cp_lock_release(&cp_cpu_shared.lock);
	settle(s);
	return ret;
}

static int stop_alone(struct cp_cpu_session *s)
{
	finish(s);
	int ret = write_whole(s);
	drop_stacks(s); // windows that are still open (the process is ending) find that out
	set_state(CP_CPU_OFF);
	return ret;
}

static int stop(void)
{
	struct cp_cpu_session *s = &session;
	cp_lock_take(&cp_cpu_shared.lock);
	bool is_owned = s->is_owned;
	// A file that gets pieces is one whose process ends.
	bool is_shared = s->nwindows > 0 && !s->options.checkpoint;
	cp_lock_release(&cp_cpu_shared.lock);
	if (is_owned)
		return is_shared ? stop_shared(s) : stop_alone(s);
	settle(s);
	return 0;
}

static int stop_or_await(void)
{
	while (!take_state(CP_CPU_ON, CP_CPU_STOPPING)) {
		// Somebody else is at it: what is asked for is done when he is through.
		if (load(&cp_cpu_shared.state, acquire) != CP_CPU_STOPPING ||
			load(&owner_tid, relaxed) == cp_gettid())
			return 0;
		cp_futex_wait(&cp_cpu_shared.state, CP_CPU_STOPPING, CP_FUTEX_FOREVER);
	}
	return stop();
}

int cp_cpu_stop(void)
{
	drop_copied_session();
	// The program's own writer may take long: signals come meanwhile.
	uint64_t mask = cp_cpu_is_recorded() ? cp_signal_block_app() : cp_sigmask(CP_SIG_BLOCK, 0);
	int ret = stop_or_await();
	cp_sigmask_restore(mask);
	return ret;
}

/// Checkpoints asked for

/** A child of vfork() runs on our memory, and must leave it alone. */
static bool is_callers(void)
{
	return load(&cp_cpu_shared.state, acquire) == CP_CPU_ON && cp_cpu_shared.pid == cp_getpid() &&
			!cp_thread_is_excluded(cp_gettid());
}

void cp_cpu_spare(void)
{
	if (is_callers())
		store(&cp_cpu_shared.spared_tid, cp_gettid(), relaxed);
}

void cp_cpu_checkpoint(bool exits)
{
	struct cp_cpu_session *s = &session;
	if (!is_callers())
		return;
	if (s->options.checkpoint) {
		store(&s->exits, exits, relaxed);
		uint64_t give_up_ns =
			cp_clock_ns(CP_CLOCK_MONOTONIC) + MAX_CHECKPOINT_MS * CP_NS_PER_MS;
		uint32_t wanted = fetch_add(&s->pieces_wanted, 1, acq_rel) + 1;
		cp_cpu_collector_wake();
		for (uint32_t done;
			(int32_t)((done = load(&s->pieces_done, acquire)) - wanted) < 0;) {
			uint64_t now_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
			if (now_ns >= give_up_ns)
				break;
			cp_futex_wait(&s->pieces_done, done, give_up_ns - now_ns);
		}
	}
	cp_cpu_before_exec();
	store(&cp_cpu_shared.spared_tid, 0, relaxed);
}

bool cp_cpu_is_running(void)
{
	return load(&cp_cpu_shared.state, acquire) == CP_CPU_ON;
}

bool cp_cpu_is_recorded(void)
{
	uint32_t state = load(&cp_cpu_shared.state, acquire);
	return (state == CP_CPU_ON || state == CP_CPU_STOPPING) && session.options.checkpoint;
}
