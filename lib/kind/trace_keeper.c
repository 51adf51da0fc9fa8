// SPDX-License-Identifier: MIT
// Context: CTL. The thread that keeps a trace: reads the clocks, looks at the threads, finds names, and writes
// full buffers to the file.
#include <errno.h>

#include "own_thread.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/sys.h"
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

/** False: what the file had is not in the buffers any more, or it cannot be removed. */
static bool drop_file(struct cp_trace_stream *stream, uint32_t max_ntaken)
{
	bool is_dropped = cp_trace_pool_ntaken() - stream->start_ntaken <= max_ntaken &&
			  cp_target_drop_pieces(&stream->target);
	stream->has_lost_file |= is_dropped; // it may be that already: sent away twice before its first turn
	return is_dropped;
}

static void put_kept(struct cp_trace_sink *s, uint64_t since_ns)
{
	for (uint32_t i = 0; i < cp_trace_pool_count(); i++) {
		const struct cp_trace_view *v = &s->view;
		if (cp_trace_pool_view(i, &s->view) && v->state == CP_TRACE_KEPT &&
				cp_trace_clock_ns(v->base_ticks + v->span_ticks, s->now) >= since_ns)
			cp_trace_put_view(s);
	}
}

static void begin_anew(struct cp_trace_stream *stream)
{
	struct cp_trace_sink *s = stream->sink;
	stream->has_lost_file = false;
	cp_trace_sink_begin(s, s->write, s->arg);
	cp_trace_put_tables(s);
	put_kept(s, stream->start_ns);
}

/** Root may be about to become somebody who could neither add to its file, nor in such a folder replace it. One that
 *  goes back and forth has more to write soon, and keeps its file then. */
static void make_way(struct cp_trace_stream *stream)
{
	enum { MAX_BUFFERS = 64 };
	if (stream->is_on && cp_syscall(SYS_geteuid, 0, 0, 0, 0) == 0 && cp_target_is_for_owner(&stream->target))
		drop_file(stream, MAX_BUFFERS);
}

/** True: there is another file to be begun, since the process is another user's than when it began this one, or has
 *  another root. */
static bool has_lost_file(struct cp_trace_stream *stream, int error)
{
	return (error == -EACCES || error == -ENOENT) && drop_file(stream, CP_TRACE_STREAM_BUFFERS);
}

static void put_pending(struct cp_trace_sink *s)
{
	for (uint32_t i = 0; i < cp_trace_pool_count() && !load(&cp_trace_stream.is_wanted, relaxed); i++) {
		struct cp_trace_buffer *b = cp_trace_pool_at(i);
		if (cp_trace_buffer_state(load(&b->state, acquire)) != CP_TRACE_PENDING)
			continue;
		if (cp_trace_pool_view(i, &s->view))
			cp_trace_put_view(s);
		cp_trace_pool_give(b, CP_TRACE_KEPT);
	}
}

void cp_trace_stream_flush(void)
{
	struct cp_trace_stream *stream = &cp_trace_stream;
	struct cp_trace_sink *s = stream->sink;
	store(&cp_trace_shared.npending, 0, relaxed);
	if (stream->has_lost_file)
		begin_anew(stream);
	s->now = cp_trace_clock_read();
	cp_trace_clock_add(s->now);
	cp_trace_put_tables(s);
	put_pending(s);
	if (has_lost_file(stream, cp_trace_sink_flush(s))) {
		begin_anew(stream);
		cp_trace_sink_flush(s);
	}
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
	if (!load(&is_stopping, acquire) && cp_turn_take(&cp_trace_shared.turn) == 0) {
		make_way(&cp_trace_stream);
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
