// SPDX-License-Identifier: MIT
// Context: CTL. The flight recorder: on, off, and what it has kept.
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "sigsafe/clock.h"
#include "sigsafe/modmap.h"
#include "trace_crash_hook.h"
#include "trace_scan.h"
#include "trace_session.h"
#include "trace_tables.h"

enum { DEFAULT_MAX_BYTES = 10 << 20, MIN_MAX_BYTES = 512 << 10 };

static const int64_t DEFAULT_MIN_AGE_NS = 10000000000;

static uint64_t min_age_ns;

static int arm_crash(const char *path)
{
	struct cp_trace_crash *crash = &cp_trace_crash;
	crash->path[0] = '\0';
	crash->min_age_ns = min_age_ns;
	if (!path)
		return 0;
	if (!crash->sink)
		crash->sink = cp_pages_alloc(sizeof(*crash->sink));
	if (!crash->sink)
		return -ENOMEM;
	struct cp_target target; // its path is expanded, and tried
	int ret = cp_target_init(&target, (struct cprof_writer){.path = path});
	if (ret < 0)
		return ret;
	cp_target_drop(&target);
	cp_target_expand_path(path, crash->path); // target has none of a pipe or a device, which it has opened
	struct sigaction action = {
		.sa_sigaction = (void (*)(int, siginfo_t *, void *))cp_trace_on_crash,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	sigfillset(&action.sa_mask);
	for (int i = 0; i < CP_TRACE_CRASH_SIGNALS; i++) {
		if (cp_trace_crash_keep(i))
			sigaction(cp_trace_crash_signals[i], &action, NULL);
	}
	return 0;
}

static uint32_t buffers_of(size_t max_bytes)
{
	if (max_bytes == 0)
		max_bytes = DEFAULT_MAX_BYTES;
	if (max_bytes < MIN_MAX_BYTES)
		max_bytes = MIN_MAX_BYTES;
	size_t n = max_bytes / CP_TRACE_BUFFER_BYTES;
	return n < CP_TRACE_MAX_BUFFERS ? (uint32_t)n : CP_TRACE_MAX_BUFFERS;
}

bool cp_trace_recorder_is_on(void)
{
	return load(&cp_trace_mode, relaxed) & CP_TRACE_RECORDER;
}

static int start(const struct cprof_flight_recorder_options *options)
{
	if (cp_trace_recorder_is_on())
		return -EBUSY;
	min_age_ns = (uint64_t)(options->min_age_ns ? options->min_age_ns : DEFAULT_MIN_AGE_NS);
	int ret = arm_crash(options->crash_path);
	return ret < 0 ? ret : cp_trace_switch_on(CP_TRACE_RECORDER, buffers_of(options->max_bytes));
}

int cp_trace_recorder_start(const struct cprof_flight_recorder_options *options)
{
	int ret = cp_trace_control();
	if (ret < 0)
		return ret;
	ret = cp_turn_take(&cp_trace_shared.turn);
	if (ret == 0) {
		ret = start(options);
		cp_turn_end(&cp_trace_shared.turn);
	}
	cp_trace_control_end();
	return ret;
}

int cp_trace_recorder_stop(void)
{
	int ret = cp_trace_control();
	if (ret < 0)
		return ret;
	if (cp_trace_recorder_is_on()) {
		for (int i = 0; i < CP_TRACE_CRASH_SIGNALS; i++)
			cp_trace_crash_restore(i);
		cp_trace_switch_off(CP_TRACE_RECORDER);
	}
	cp_trace_control_end();
	return ret;
}

static int write_snapshot(struct cprof_writer writer)
{
	struct cp_trace_sink *s = cp_pages_alloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	cp_trace_scan_threads();
	cp_trace_scan_counters();
	cp_modmap_refresh();
	int ret = cp_trace_tables_update();
	cp_trace_sink_begin(s, writer.write, writer.arg);
	cp_trace_put_tables(s);
	cp_trace_put_buffers(s, s->now.ns > min_age_ns ? s->now.ns - min_age_ns : 0);
	cp_trace_put_tables(s); // of what came meanwhile
	cp_trace_put_end(s, 0);
	int written = cp_trace_sink_flush(s);
	cp_pages_free(s, sizeof(*s));
	return ret < 0 ? ret : written;
}

static int write_to(struct cprof_writer writer)
{
	struct cp_target target;
	if (!cp_trace_recorder_is_on())
		return -ENODATA;
	int ret = cp_target_open(&target, writer);
	return ret < 0 ? ret : cp_target_end(&target, write_snapshot(target.writer));
}

int cp_trace_recorder_write(struct cprof_writer writer)
{
	int ret = cp_trace_control();
	if (ret < 0)
		return ret;
	ret = cp_turn_take(&cp_trace_shared.turn);
	if (ret == 0) {
		ret = write_to(writer);
		cp_turn_end(&cp_trace_shared.turn);
	}
	cp_trace_control_end();
	return ret;
}
