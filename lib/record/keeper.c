// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. See keeper.h. It is one that libc does not know as long as the program has no second
// (bare_thread.h): it asks the loader nothing, and what the writers want of libc is memory's and system calls.
#include "keeper.h"

#include "kind/heap_hook.h"
#include "kind/heap_total_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "sigsafe/sys.h"

enum {
	LEAST_TURN_MS = 5,
	FIRST_TURN_MS = 1000,
	LAST_TURN_MS = 10000,
	CPU_FACTOR = 2000, // a write for so many times the CPU time that the last one took
	GROWN_FACTOR = 500, // one for memory that has grown
	IDLE_FACTOR = 4,    // who used no more than a quarter of a processor pays little of it by the clock
	LEAST_GROWTH_BYTES = 16 << 20,
	FIRST_TOOK_NS = 500000, // that much is assumed of the write before the first
};

/** More than that is worth another write. */
static int64_t grown_bytes(const struct cp_keeper_write *last)
{
	int64_t growth_bytes = last->in_use_bytes / 8;
	return last->in_use_bytes + (growth_bytes > LEAST_GROWTH_BYTES ? growth_bytes : LEAST_GROWTH_BYTES);
}

static bool has_grown(const struct cp_keeper_write *last)
{
	return cp_heap_estimate_in_use() > grown_bytes(last);
}

/** CPU time of the process since then. */
static uint64_t used_since_ns(const struct cp_keeper_write *last)
{
	return cp_clock_ns(CP_CLOCK_PROCESS_CPU) - last->cpu_ns;
}

/** The longer it goes on, the less is new. */
static uint64_t turn_ns(const struct cp_keeper *k, uint64_t now_ns)
{
	const uint64_t first_ns = FIRST_TURN_MS * CP_NS_PER_MS, last_ns = LAST_TURN_MS * CP_NS_PER_MS;
	uint64_t step_ns = (now_ns - k->started_ns) / 4;
	return step_ns < first_ns ? first_ns : step_ns > last_ns ? last_ns : step_ns;
}

/** How long no write for growth comes yet, if the process goes on to use CPU time as since the last write. */
static uint64_t rest_left_ns(const struct cp_keeper *k, uint64_t now_ns)
{
	const uint64_t passed_ns = now_ns - k->last.ns, worth_ns = GROWN_FACTOR * k->last.took_ns;
	uint64_t used_ns = used_since_ns(&k->last);
	uint64_t max_ns = used_ns > passed_ns / IDLE_FACTOR ? LAST_TURN_MS * CP_NS_PER_MS : turn_ns(k, now_ns);
	if (used_ns >= worth_ns || passed_ns >= max_ns)
		return 0;
	uint64_t left_us = (max_ns - passed_ns) / 1000;
	uint64_t worth_us = used_ns ? (worth_ns - used_ns) / 1000 * passed_ns / used_ns : left_us;
	return (worth_us < left_us ? worth_us : left_us) * 1000;
}

static bool is_due(const struct cp_keeper *k, uint64_t now_ns)
{
	return used_since_ns(&k->last) >= CPU_FACTOR * k->last.took_ns ||
	       (has_grown(&k->last) && rest_left_ns(k, now_ns) == 0);
}

static void write_now(struct cp_keeper *k)
{
	uint64_t begin_ns = cp_clock_ns(CP_CLOCK_THREAD_CPU);
	k->last.in_use_bytes = cp_heap_estimate_in_use();
	cp_recording_checkpoint(k->recording);
	k->last.took_ns = cp_clock_ns(CP_CLOCK_THREAD_CPU) - begin_ns;
	k->last.ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	k->last.cpu_ns = cp_clock_ns(CP_CLOCK_PROCESS_CPU);
}

/** Growth is told of: a process that sleeps is left alone. */
static uint64_t next_turn_ns(const struct cp_keeper *k, uint64_t now_ns)
{
	const uint64_t least_ns = LEAST_TURN_MS * CP_NS_PER_MS;
	if (has_grown(&k->last)) { // just after the last write, or just now
		uint64_t left_ns = rest_left_ns(k, now_ns);
		return left_ns > least_ns ? left_ns : least_ns;
	}
	cp_heap_await_growth(grown_bytes(&k->last));
	return turn_ns(k, now_ns);
}

/** Where it is sent away the program may be about to become another user's, or have become that. */
static void keep(void *keeper)
{
	struct cp_keeper *k = keeper;
	bool is_left_behind = false; // not yet: short programs look nobody up
	while (!load(&k->is_stopping, acquire) && !cp_own_thread_is_dismissed(&k->thread) && !is_left_behind) {
		uint32_t ngrown = load(&cp_heap_ngrown, acquire);
		if (is_due(k, cp_clock_ns(CP_CLOCK_MONOTONIC)))
			write_now(k);
		cp_futex_wait(&cp_heap_ngrown, ngrown, next_turn_ns(k, cp_clock_ns(CP_CLOCK_MONOTONIC)));
		is_left_behind = !load(&k->is_stopping, acquire) && cp_own_thread_is_left_behind(&k->thread);
	}
	if (!load(&k->is_stopping, acquire) && cp_recording_make_way(k->recording))
		k->last.in_use_bytes = 0;
}

void cp_keeper_start(struct cp_keeper *k, struct cp_recording *r)
{
	if (cp_heap.is_shadowed || cp_heap.sanitizer)
		return;
	*k = (struct cp_keeper){
			.recording = r,
			.thread = {.name = "cprof-keeper", .run = keep, .arg = k, .waits_on = &cp_heap_ngrown,
					.has_own_files = true, .does_without_libc = true},
			.pid = cp_getpid(),
			.started_ns = cp_clock_ns(CP_CLOCK_MONOTONIC),
			.last = {.ns = cp_clock_ns(CP_CLOCK_MONOTONIC), .cpu_ns = cp_clock_ns(CP_CLOCK_PROCESS_CPU),
					.took_ns = FIRST_TOOK_NS},
	};
	if (cp_own_thread_start(&k->thread) < 0)
		store(&k->pid, 0, relaxed);
}

void cp_keeper_stop(struct cp_keeper *k)
{
	int own = cp_getpid();
	if (!compare_exchange(&k->pid, &own, 0, acq_rel)) // or another thread that ends the process stops it
		return;
	store(&k->is_stopping, true, release);
	fetch_add(&cp_heap_ngrown, 1, release);
	cp_futex_wake(&cp_heap_ngrown, INT32_MAX);
	cp_own_thread_join(&k->thread);
}
