// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. What handlers leave in the rings goes into the stack table; threads
// that came are found, modules that were loaded are learnt, checkpoints are written.
#include <errno.h>
#include <linux/prctl.h>

#include "cpu_session.h"
#include "signal_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/ring.h"
#include "symbol/remapped.h"

enum {
	FIRST_TURN_MS = 100,
	FIRST_LOOK_MS = 5, // again, at a thread that was passed over: Ruby blocks signals while it forks
	LAST_TURN_MS = 1000,
	LAST_REST_MS = 10000,
	USED_PERIODS = 2, // of CPU time; a thread we do not know of has missed no more
	FIRST_PIECE_MS = 200, // it costs milliseconds, and who ends so early mostly ends well
	LAST_PIECE_STEP_MS = 900, // at each turn
	MIN_PIECE_CPU_MS = 50,
	COST_FACTOR = 200, // of what it takes: the most of the CPU time that pieces may have
	MAX_COST_CPU_MS = 2000, // that is not waited for longer: what a kill loses is to stay little
	RESTING_SHARE = 8, // who since the last turn used less than that part of what is new is at rest
	IDLE_FACTOR = 10, // steps are that much longer, at most, where the process sleeps
};

/** On the monotonic clock, and that of the process's CPU time. */
struct moment {
	uint64_t ns, cpu_ns;
};

struct schedule {
	uint64_t turn_ns; // due then where the process has used what is worth one
	uint64_t rest_ns; // and then anyway
	uint64_t piece_step_ns;
	uint64_t piece_cost_ns;    // CPU time of the last
	struct moment piece, look; // the last
	uint64_t turn_cpu_ns;      // the process's, at the last
	int is_dumpable; // at that look
	uint64_t nseen;            // periods, when a tick came last
	uint64_t seen_cpu_ns;      // of the process, then
};

void cp_cpu_add(struct cp_cpu_session *s, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch,
	uint32_t labels_id, uint64_t weight)
{
	struct cp_stack *stack = cp_stacktab_intern(&s->stacks, pcs, npcs, epoch, labels_id);
	fetch_add(&stack->values[CP_CPU_TOTAL], (int64_t)weight, relaxed);
	fetch_add(&s->stats.periods, weight, relaxed);
	if (npcs > 0 && pcs[npcs - 1] < CP_MARKER_COUNT)
		fetch_add(&s->stats.cut[pcs[npcs - 1]], weight, relaxed);
}

static void add_record(const struct cp_ring_record *rec, void *arg)
{
	struct cp_cpu_session *s = arg;
	uint32_t npcs = (uint32_t)(rec->nwords - sizeof(*rec) / sizeof(uint64_t));
	s->stats.nsamples++;
	cp_cpu_add(s, rec->pcs, npcs, (uint32_t)rec->epoch, (uint32_t)rec->tag, rec->weight);
}

void cp_cpu_collect(struct cp_cpu_session *s)
{
	cp_rings_drain(cp_cpu_shared.rings, add_record, s);
	s->stats.lost = cp_rings_lost(cp_cpu_shared.rings) - s->lost_before;
}

/** An engine that keeps silent for a second of CPU time does not work, whatever its trial said. */
static void watch_engine(struct cp_cpu_session *s, struct schedule *when, uint64_t cpu_ns)
{
	uint64_t nseen = load(&s->stats.periods, relaxed) + s->stats.lost;
	if (nseen != when->nseen) {
		when->nseen = nseen;
		when->seen_cpu_ns = cpu_ns;
		return;
	}
	uint64_t patience_ns = CP_NS_PER_S + 2 * cp_cpu_engine_params.period_ns;
	if (cpu_ns - when->seen_cpu_ns < patience_ns || load(&cp_cpu_shared.paused_tid, acquire))
		return;
	if (cp_cpu_tasks_owe(patience_ns / cp_cpu_engine_params.period_ns / 4))
		cp_cpu_engine_switch(s);
	when->seen_cpu_ns = cpu_ns;
}

static void look_at_handler(struct cp_cpu_session *s)
{
	struct cp_action action;
	cp_signal_query_kernel(cp_cpu_engine_params.signal, &action);
	if (action.handler != (uintptr_t)cp_cpu_on_signal)
		s->stats.handler_replaced = true;
}

void cp_cpu_collector_wake(void)
{
	store(&cp_cpu_shared.wake, 1, release);
	cp_futex_wake(&cp_cpu_shared.wake, 1);
}

/** Threads that are about to exec or to exit wait for a piece. */
static void serve_checkpoints(struct cp_cpu_session *s)
{
	uint32_t wanted = load(&s->pieces_wanted, acquire);
	if (wanted == load(&s->pieces_done, relaxed))
		return;
	cp_cpu_output_piece(s);
	store(&s->pieces_done, wanted, release);
	cp_futex_wake(&s->pieces_done, INT32_MAX);
}

static uint64_t clamp_ns(uint64_t ns, uint64_t least_ms, uint64_t most_ms)
{
	uint64_t least_ns = least_ms * CP_NS_PER_MS, most_ns = most_ms * CP_NS_PER_MS;
	return ns < least_ns ? least_ns : ns > most_ns ? most_ns : ns;
}

static uint64_t max_ns(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/** CPU time that a piece is worth: a quarter of all there was before, half of what a busy process uses until the next.
 *  php-fpm kills its workers 3 ms after it told them to end, and all they had done might be half a second's. */
static uint64_t worth_ns(const struct cp_cpu_session *s, const struct schedule *when)
{
	uint64_t known_ns = when->piece.cpu_ns - s->start_cpu_ns;
	return clamp_ns(known_ns / 4, MIN_PIECE_CPU_MS, when->piece_step_ns / CP_NS_PER_MS / 2);
}

/** The same, and little of it is what a piece takes: 0.3 to 3 ms, for each 50 ms a hundredth of a server's. */
static uint64_t affordable_ns(const struct cp_cpu_session *s, const struct schedule *when)
{
	return max_ns(worth_ns(s, when), clamp_ns(COST_FACTOR * when->piece_cost_ns, 0, MAX_COST_CPU_MS));
}

/** A process at rest may be about to be killed, and another piece will not be wanted soon. */
static bool is_piece_due(const struct cp_cpu_session *s, const struct schedule *when, struct moment now)
{
	uint64_t took_ns = now.ns - when->piece.ns, used_ns = now.cpu_ns - when->piece.cpu_ns;
	bool is_resting = (now.cpu_ns - when->turn_cpu_ns) * RESTING_SHARE < used_ns;
	uint64_t enough_ns = is_resting ? worth_ns(s, when) : affordable_ns(s, when);
	return took_ns >= when->piece_step_ns * (used_ns < enough_ns ? IDLE_FACTOR : 1);
}

/** A process that is killed misses its last second, two where pieces are dear; if it used little, its last ten. */
static void write_due_piece(struct cp_cpu_session *s, struct schedule *when, struct moment now)
{
	if (!is_piece_due(s, when, now))
		return;
	uint64_t begin_ns = cp_clock_ns(CP_CLOCK_THREAD_CPU);
	if (s->options.checkpoint)
		cp_cpu_output_piece(s);
	when->piece_cost_ns = cp_clock_ns(CP_CLOCK_THREAD_CPU) - begin_ns;
	when->piece = now;
	if (when->piece_step_ns < LAST_PIECE_STEP_MS * CP_NS_PER_MS / 2)
		when->piece_step_ns *= 2;
	else
		when->piece_step_ns = LAST_PIECE_STEP_MS * CP_NS_PER_MS;
}

static uint64_t first_turn_ms(const struct cp_cpu_session *s)
{
	return s->has_passed_over ? FIRST_LOOK_MS : FIRST_TURN_MS;
}

/** Some threads may use time and make no ticks. */
static bool are_unseen(const struct cp_cpu_session *s)
{
	return s->met_strangers || s->has_passed_over;
}

/**
 * After a quarter of the session's age: the longer it goes on, the less is new, and a turn takes 70 us and a server's
 * caches. Of processes that use little, such as a database's for a connection each, it would be a hundredth of all:
 * there it waits until a piece is worth it. Threads that no hook has seen, and so none tick for, are not to be waited
 * for. Full rings, and whoever waits for us, wake us before.
 */
static void plan_turn(struct cp_cpu_session *s, struct schedule *when, struct moment now)
{
	uint64_t age_ns = now.ns - s->start_ns, period_ns = cp_cpu_engine_params.period_ns;
	uint64_t latest_ns = when->piece.ns + IDLE_FACTOR * when->piece_step_ns;
	when->turn_ns = now.ns + clamp_ns(age_ns / 4, first_turn_ms(s), LAST_TURN_MS);
	when->rest_ns = now.ns + clamp_ns(age_ns / 4, FIRST_TURN_MS, LAST_REST_MS);
	uint64_t used_ns = now.cpu_ns - when->piece.cpu_ns, enough_ns = are_unseen(s) ? 0 : affordable_ns(s, when);
	// From the first of n ticks to the last n - 1 periods go by.
	uint64_t awaited = used_ns < enough_ns ? 2 + (enough_ns - used_ns - 1) / period_ns : 0;
	// What comes to be worth it late does not wait for a second more: a kill would find all of both missing.
	if (awaited > 0)
		when->turn_ns = max_ns(when->piece.ns + when->piece_step_ns, now.ns + FIRST_TURN_MS * CP_NS_PER_MS);
	store(&cp_cpu_shared.awaited, (int64_t)awaited, relaxed);
	if (used_ns >= period_ns && latest_ns > now.ns && latest_ns < when->rest_ns)
		when->rest_ns = latest_ns;
	when->turn_cpu_ns = now.cpu_ns;
}

static uint64_t due_ns(const struct schedule *when)
{
	return load(&cp_cpu_shared.awaited, relaxed) > 0 ? when->rest_ns : when->turn_ns;
}

/**
 * Some twenty system calls, two files of the kernel's. Of processes that sleep a server has many, and in one there is
 * nothing to see: no thread worth a tick, no handler replaced. Who changes users is no longer dumpable. False: there
 * can be no more turns.
 */
static bool look_around(struct cp_cpu_session *s, struct schedule *when, struct moment now)
{
	int is_dumpable = (int)cp_syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0);
	bool is_used = now.cpu_ns - when->look.cpu_ns >= USED_PERIODS * cp_cpu_engine_params.period_ns;
	if (!is_used && is_dumpable == when->is_dumpable &&
			now.ns - when->look.ns < IDLE_FACTOR * LAST_TURN_MS * CP_NS_PER_MS)
		return true;
	when->look = now;
	when->is_dumpable = is_dumpable;
	cp_cpu_tasks_scan(s);
	cp_cpu_phases_move(s);
	look_at_handler(s);
	// What is sampled once it is left behind waits in the rings for the end.
	return !cp_own_thread_is_left_behind(&s->collector);
}

/** False: there can be no more. */
static bool take_turn(struct cp_cpu_session *s, struct schedule *when, uint64_t now_ns)
{
	if (cp_modmap_is_stale() && s->collector.is_bare)
		cp_remapped_scan(); // what else there may be is for malloc to ask the loader
	else if (cp_modmap_is_stale())
		cp_modmap_refresh();
	cp_cpu_perf_set_periods();
	cp_lock_take(&cp_cpu_shared.lock);
	cp_cpu_collect(s);
	cp_lock_release(&cp_cpu_shared.lock);
	serve_checkpoints(s);
	if (now_ns < due_ns(when))
		return true;
	struct moment now = {now_ns, cp_clock_ns(CP_CLOCK_PROCESS_CPU)};
	store(&cp_cpu_shared.stale_may_wake, true, relaxed);
	watch_engine(s, when, now.cpu_ns);
	bool goes_on = look_around(s, when, now);
	write_due_piece(s, when, now);
	plan_turn(s, when, now);
	return goes_on;
}

/**
 * The collector's, not of whoever starts the profile: that thread would tick while it goes on with the start,
 * and where a signal costs more than its short first period (under strace) get nowhere before the
 * collector was there to lengthen it.
 */
static void begin_sampling(struct cp_cpu_session *s)
{
	s->start_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	s->start_realtime_ns = cp_clock_ns(CP_CLOCK_REALTIME);
	s->start_cpu_ns = cp_clock_ns(CP_CLOCK_PROCESS_CPU);
	s->start_own_cpu_ns = cp_thread_own_cpu_ns();
	cp_cpu_itimer_begin(cp_cpu_shared.engine == &cp_cpu_itimer);
	// From now on the hook sees threads being born; the others are in the task directory.
	store(&cp_cpu_shared.running, true, seq_cst);
	cp_cpu_tasks_scan(s);
	store(&s->has_begun, 1, release);
	cp_futex_wake(&s->has_begun, 1);
}

/** Root may be about to become somebody who could neither add to its file, nor in such a folder replace it. */
static void make_way(struct cp_cpu_session *s)
{
	if (cp_syscall(SYS_geteuid, 0, 0, 0, 0) == 0 && cp_target_is_for_owner(&s->target))
		cp_cpu_output_anew(s);
}

void cp_cpu_collector_run(void *session)
{
	struct cp_cpu_session *s = session;
	store(&cp_cpu_shared.malloc_reads, s->collector.is_bare, relaxed);
	if (!load(&s->has_begun, relaxed)) // else it was sent away, and is back
		begin_sampling(s);
	struct schedule when = {
		.turn_ns = s->start_ns + first_turn_ms(s) * CP_NS_PER_MS,
		.rest_ns = s->start_ns + first_turn_ms(s) * CP_NS_PER_MS,
		.piece_step_ns = FIRST_PIECE_MS * CP_NS_PER_MS,
		.piece = {s->start_ns, s->start_cpu_ns},
		.turn_cpu_ns = s->start_cpu_ns,
		.look = {s->start_ns, s->start_cpu_ns},
		.is_dumpable = -1,
		.seen_cpu_ns = cp_clock_ns(CP_CLOCK_PROCESS_CPU),
	};
	// Where it is sent away and cannot be called back, what the rings cannot hold is lost, and counted.
	bool goes_on = true;
	while (goes_on && !load(&s->stopping, acquire) && !cp_own_thread_is_dismissed(&s->collector)) {
		uint64_t now_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
		uint64_t wake_ns = due_ns(&when);
		if (now_ns < wake_ns)
			cp_futex_wait(&cp_cpu_shared.wake, 0, wake_ns - now_ns);
		store(&cp_cpu_shared.wake, 0, relaxed);
		if (!load(&s->stopping, acquire))
			goes_on = take_turn(s, &when, cp_clock_ns(CP_CLOCK_MONOTONIC));
	}
	if (cp_own_thread_is_dismissed(&s->collector))
		make_way(s);
}
