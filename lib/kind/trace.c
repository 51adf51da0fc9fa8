// SPDX-License-Identifier: MIT
// Context: CTL. See trace.h: on and off, and the trace that goes into a file.
#include "trace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "contention_hook.h"
#include "signal_hook.h"
#include "sigsafe/clock.h"
#include "sigsafe/modmap.h"
#include "sigsafe/sys.h"
#include "sigsafe/ticks.h"
#include "sigsafe/unwind.h"
#include "trace_scan.h"
#include "trace_session.h"
#include "trace_tables.h"

enum {
	MAX_STRINGS = 1 << 16,
	MAX_STACKS = 1 << 17,
	STRINGS_LIMIT_BYTES = 16 << 20,
	STACKS_LIMIT_BYTES = 64 << 20,
	MAX_AGE_MS = 1000, // a killed process's file lacks no more
};

/// On and off

static void start_clock(void)
{
	cp_ticks_init();
	cp_trace_clock_add(cp_trace_clock_read());
	cp_trace_shared.ticks_per_ms = cp_ticks_of_ns(CP_NS_PER_MS);
	cp_trace_shared.max_age_ticks = cp_trace_shared.ticks_per_ms * MAX_AGE_MS;
}

/** The path of the program, a string. */
static uint32_t program_string(void)
{
	for (uint32_t i = 0; i < cp_modmap_count(); i++) {
		if (cp_modmap_module(i)->is_main)
			return cp_trace_string(cp_modmap_module(i)->path);
	}
	return 0;
}

/** What must be there before any thread records. */
static int prepare(void)
{
	int ret = cp_interned_init(&cp_trace_shared.strings, MAX_STRINGS, STRINGS_LIMIT_BYTES);
	if (ret == 0)
		ret = cp_interned_init(&cp_trace_shared.stacks, MAX_STACKS, STACKS_LIMIT_BYTES);
	if (ret == 0)
		ret = cp_trace_threads_reserve();
	if (ret == 0)
		ret = cp_unwind_init();
	if (ret == 0)
		ret = cp_modmap_refresh();
	if (ret < 0)
		return ret;
	if (cp_trace_shared.ticks_per_ms == 0)
		start_clock();
	cp_trace_shared.pid = cp_getpid();
	cp_trace_shared.ncpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	cp_trace_shared.no_room = cp_trace_string("[no room for more names]");
	cp_trace_shared.program = program_string();
	store(&cp_trace_shared.lost_events, 0, relaxed);
	store(&cp_trace_shared.lost_samples, 0, relaxed);
	if (cp_trace_quiesce()) { // nobody is at the stacks of the session before
		cp_trace_tables_reset();
		cp_interned_reset(&cp_trace_shared.stacks);
	}
	fetch_add(&cp_trace_shared.session, 1, relaxed);
	cp_trace_shared.start_ticks = cp_ticks_now();
	return 0;
}

/** A child that was made without fork(), by _Fork or a raw clone, has a copy of what is not its. */
static void drop_copied(void)
{
	if (load(&cp_trace_mode, relaxed) && cp_trace_shared.pid != cp_getpid())
		cp_trace_reset_in_child();
	if (load(&cp_trace_mode, relaxed) == 0)
		cp_trace_stream.is_on = false; // of a parent
}

static uint32_t hidden; // of the thread that has `control`
static uint64_t mask_before; // so, too

int cp_trace_control(void)
{
	drop_copied();
	if (cp_turn_is_own(&cp_trace_shared.turn)) // who has the other may be waiting for ours
		return -EBUSY;
	uint64_t mask = cp_trace_is_streaming() ? cp_signal_block_app() : cp_sigmask(CP_SIG_BLOCK, 0);
	int ret = cp_turn_take(&cp_trace_shared.control);
	if (ret < 0) {
		cp_sigmask_restore(mask);
		return ret;
	}
	mask_before = mask;
	hidden = cp_trace_hide();
	return 0;
}

void cp_trace_control_end(void)
{
	uint64_t mask = mask_before;
	cp_trace_show(hidden);
	cp_turn_end(&cp_trace_shared.control);
	cp_sigmask_restore(mask);
}

static uint32_t wanted[CP_TRACE_RECORDER + 1]; // buffers, by mode; 0: it is off

/** The pool is that of the two who wants more. */
static int resize_pool(unsigned mode, uint32_t nbuffers)
{
	wanted[mode] = nbuffers;
	uint32_t of_stream = wanted[CP_TRACE_STREAM], of_recorder = wanted[CP_TRACE_RECORDER];
	return cp_trace_pool_resize(of_stream > of_recorder ? of_stream : of_recorder);
}

int cp_trace_switch_on(unsigned mode, uint32_t nbuffers)
{
	bool is_first = load(&cp_trace_mode, relaxed) == 0;
	int ret = is_first ? prepare() : 0;
	if (is_first) // also in a fork's child
		memset(wanted, 0, sizeof(wanted));
	if (ret == 0)
		ret = resize_pool(mode, nbuffers);
	if (ret < 0)
		return ret;
	cp_trace_clock_add(cp_trace_clock_read());
	atomic_fetch_or(&cp_trace_mode, mode);
	atomic_fetch_or(&cp_contention_mode, CP_CONTENTION_TRACE);
	atomic_fetch_or(&cp_calls_mode, CP_CALLS_TRACE);
	cp_trace_scan_threads();
	cp_trace_scan_counters();
	ret = is_first ? cp_trace_keeper_start() : 0;
	if (ret < 0)
		cp_trace_switch_off(mode);
	return ret;
}

void cp_trace_switch_off(unsigned mode)
{
	unsigned before = atomic_fetch_and(&cp_trace_mode, ~mode);
	if (!(before & mode))
		return;
	if (before == mode) { // else the other one goes on
		atomic_fetch_and(&cp_contention_mode, ~(unsigned)CP_CONTENTION_TRACE);
		atomic_fetch_and(&cp_calls_mode, ~(unsigned)CP_CALLS_TRACE);
		cp_trace_keeper_stop();
		cp_trace_take_buffers(UINT64_MAX);
	}
	if (mode == CP_TRACE_STREAM)
		cp_trace_pool_keep_pending();
	resize_pool(mode, 0);
}

/// Into a file

bool cp_trace_is_streaming(void)
{
	return load(&cp_trace_mode, relaxed) & CP_TRACE_STREAM;
}

static int begin_stream(struct cprof_writer writer)
{
	struct cp_trace_stream *stream = &cp_trace_stream;
	if (!stream->sink)
		stream->sink = cp_pages_alloc(sizeof(*stream->sink));
	if (!stream->sink)
		return -ENOMEM;
	int ret = cp_target_init(&stream->target, writer);
	if (ret < 0)
		return ret;
	if (cp_target_takes_pieces(&stream->target))
		writer = (struct cprof_writer){.write = cp_target_write_piece, .arg = &stream->target};
	else
		writer = stream->target.writer;
	stream->has_lost_file = false;
	stream->start_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	stream->start_ntaken = cp_trace_pool_ntaken();
	ret = cp_trace_switch_on(CP_TRACE_STREAM, CP_TRACE_STREAM_BUFFERS);
	if (ret == 0) {
		cp_trace_sink_begin(stream->sink, writer.write, writer.arg);
		ret = cp_trace_sink_flush(stream->sink);
	}
	stream->is_on = ret == 0;
	store(&stream->is_wanted, false, relaxed); // a fork may have copied a stop's
	if (ret < 0)
		cp_target_drop(&stream->target);
	return ret;
}

int cp_trace_start(struct cprof_writer writer)
{
	int ret = cp_trace_control();
	if (ret < 0)
		return ret;
	ret = cp_turn_take(&cp_trace_shared.turn);
	if (ret == 0) {
		bool is_other = cp_trace_is_streaming();
		ret = is_other ? -EBUSY : begin_stream(writer);
		cp_turn_end(&cp_trace_shared.turn);
		if (ret < 0 && !is_other)
			cp_trace_switch_off(CP_TRACE_STREAM);
	}
	cp_trace_control_end();
	return ret;
}

/** All events there are, and their names. */
static void write_rest(void)
{
	cp_trace_scan_threads();
	cp_trace_scan_counters();
	cp_trace_take_buffers(UINT64_MAX);
	cp_modmap_refresh();
	cp_trace_tables_update();
	cp_trace_stream_flush();
}

static int end_stream(void)
{
	struct cp_trace_stream *stream = &cp_trace_stream;
	// Threads fill buffers while others are written: without this there are two whole pools to wait for.
	store(&stream->is_wanted, true, relaxed);
	cp_turn_take(&cp_trace_shared.turn);
	store(&stream->is_wanted, false, relaxed);
	write_rest();
	cp_trace_put_end(stream->sink, 0);
	int ret = cp_trace_sink_flush(stream->sink);
	stream->is_on = false;
	cp_turn_end(&cp_trace_shared.turn);
	cp_trace_switch_off(CP_TRACE_STREAM);
	cp_target_drop(&stream->target);
	return ret;
}

int cp_trace_stop(void)
{
	if (!cp_trace_is_streaming()) // whoever has control now may be interrupted by a signal that waits for us
		return 0;
	int ret = cp_trace_control();
	if (ret < 0)
		return ret;
	if (cp_trace_is_streaming())
		ret = end_stream();
	cp_trace_control_end();
	return ret;
}

void cp_trace_leave(void)
{
	if (!cp_trace_is_streaming() || cp_trace_shared.pid != cp_getpid() ||
			!cp_turn_try(&cp_trace_shared.control))
		return;
	uint32_t own = cp_trace_hide();
	if (cp_turn_try(&cp_trace_shared.turn)) {
		if (cp_trace_stream.is_on) {
			write_rest();
			cp_trace_put_end(cp_trace_stream.sink, 0);
			cp_trace_sink_flush(cp_trace_stream.sink);
		}
		cp_turn_end(&cp_trace_shared.turn);
	}
	cp_trace_show(own);
	cp_turn_end(&cp_trace_shared.control);
}
