// SPDX-License-Identifier: MIT
// Context: CTL. The thread that keeps a trace: reads the clocks, looks at the threads, finds names, and writes
// full buffers to the file.
#include <errno.h>

#include "own_thread.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/ticks.h"
#include "trace_scan.h"
#include "trace_session.h"
#include "trace_tables.h"

enum {
	TURN_MS = 100,
	SCAN_MS = 1000,
	TAKE_MS = 1000,
	SLOW_SCAN_MS = 10000, // of many threads
	MANY_THREADS = 100,
	FIRST_NAMES_MS = 250, // twice as late each time: symbol tables are read anew
	MAX_NAMES_MS = 30000,
};

struct cp_trace_stream cp_trace_stream CP_TABLE;

static struct cp_own_thread keeper;
static int owner_pid; // of the process it runs in; 0: it does not
static _Atomic bool is_stopping;

void cp_trace_stream_flush(void)
{
	struct cp_trace_sink *s = cp_trace_stream.sink;
	store(&cp_trace_shared.npending, 0, relaxed);
	s->now = cp_trace_clock_read();
	cp_trace_clock_add(s->now);
	cp_trace_put_tables(s);
	for (uint32_t i = 0; i < cp_trace_pool_count() && !load(&cp_trace_stream.is_wanted, relaxed); i++) {
		struct cp_trace_buffer *b = cp_trace_pool_at(i);
		if (cp_trace_buffer_state(load(&b->state, acquire)) != CP_TRACE_PENDING)
			continue;
		if (cp_trace_pool_view(i, &s->view))
			cp_trace_put_view(s);
		cp_trace_pool_give(b, CP_TRACE_KEPT);
	}
	cp_trace_sink_flush(s);
}

static struct schedule {
	uint64_t scan_ns, take_ns, names_ns, names_step_ns;
} schedule;

static void take_turn(uint64_t now_ns)
{
	struct schedule *when = &schedule;
	if (cp_modmap_is_stale())
		cp_modmap_refresh();
	cp_trace_scan_counters();
	if (now_ns >= when->scan_ns) {
		bool many = cp_trace_scan_threads() > MANY_THREADS;
		when->scan_ns = now_ns + (many ? SLOW_SCAN_MS : SCAN_MS) * CP_NS_PER_MS;
	}
	if (now_ns >= when->take_ns) {
		when->take_ns = now_ns + TAKE_MS * CP_NS_PER_MS;
		if (cp_trace_stream.is_on)
			cp_trace_take_buffers(cp_ticks_now() - cp_trace_shared.max_age_ticks);
		else
			cp_trace_clock_add(cp_trace_clock_read());
	}
	if (now_ns >= when->names_ns) {
		cp_trace_tables_update();
		when->names_ns = now_ns + when->names_step_ns;
		if (when->names_step_ns < MAX_NAMES_MS * CP_NS_PER_MS)
			when->names_step_ns *= 2;
	}
	if (cp_trace_stream.is_on)
		cp_trace_stream_flush();
}

static void run(void *arg)
{
	while (!load(&is_stopping, acquire) && !cp_own_thread_is_dismissed(&keeper)) {
		cp_futex_wait(&cp_trace_shared.wake, 0, TURN_MS * CP_NS_PER_MS);
		store(&cp_trace_shared.wake, 0, relaxed);
		if (load(&is_stopping, acquire) || cp_turn_take(&cp_trace_shared.turn) < 0)
			continue;
		take_turn(cp_clock_ns(CP_CLOCK_MONOTONIC));
		cp_turn_end(&cp_trace_shared.turn);
	}
}

int cp_trace_keeper_start(void)
{
	keeper = (struct cp_own_thread){.name = "cprof-trace", .run = run, .waits_on = &cp_trace_shared.wake};
	schedule = (struct schedule){
			.names_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) + FIRST_NAMES_MS * CP_NS_PER_MS,
			.names_step_ns = FIRST_NAMES_MS * CP_NS_PER_MS,
	};
	store(&is_stopping, false, relaxed);
	int ret = cp_own_thread_start(&keeper);
	owner_pid = ret == 0 ? cp_getpid() : 0;
	return ret;
}

void cp_trace_keeper_stop(void)
{
	if (owner_pid != cp_getpid()) // a fork child has none
		return;
	store(&is_stopping, true, release);
	store(&cp_trace_shared.wake, 1, release);
	cp_futex_wake(&cp_trace_shared.wake, 1);
	cp_own_thread_join(&keeper);
	owner_pid = 0;
}
