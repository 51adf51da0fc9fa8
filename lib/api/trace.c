// SPDX-License-Identifier: MIT
// Context: CTL, and SIG where <cprof/trace.h> says "any context": those are one step from the hook.
// <cprof/trace.h>: argument checks, then one call inwards.
#include <cprof/pprof.h>
#include <cprof/trace.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cancel.h"
#include "interpose/visible.h"
#include "kind/trace.h"
#include "kind/trace_hook.h"

CP_VISIBLE int cprof_trace_start(struct cprof_writer writer)
{
	if (!writer.path && !writer.write)
		return -EINVAL;
	int cancel_state = cp_cancel_hold();
	int ret = cp_trace_start(writer);
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE int cprof_trace_stop(void)
{
	int cancel_state = cp_cancel_hold();
	int ret = cp_trace_stop();
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE bool cprof_trace_is_enabled(void)
{
	return cp_trace_is_on();
}

/// Tasks, regions, logs. A NULL string must not end a program that only crashes while it is traced.

static uint32_t named(const char *name)
{
	return cp_trace_string(name ? name : "");
}

CP_VISIBLE uint64_t cprof_trace_task_begin(const char *type, uint64_t parent)
{
	uint64_t task = fetch_add(&cp_trace_shared.next_task, 1, relaxed) + 1;
	if (cp_trace_is_on()) {
		const uint64_t args[] = {task, parent, named(type)};
		cp_trace_event(TRACE_TASK_BEGIN, args, 3);
	}
	return task;
}

CP_VISIBLE void cprof_trace_task_end(uint64_t task)
{
	cp_trace_event(TRACE_TASK_END, &task, 1);
}

CP_VISIBLE uint64_t cprof_trace_set_task(uint64_t task)
{
	return cp_trace_set_task(task);
}

CP_VISIBLE uint64_t cprof_trace_current_task(void)
{
	return cp_trace_task();
}

CP_VISIBLE struct cprof_trace_region cprof_trace_region_begin(const char *type)
{
	struct cprof_trace_region region = {0, 0};
	if (!cp_trace_is_on())
		return region;
	region.task = cp_trace_task();
	region.type = named(type);
	if (region.type)
		cp_trace_region(TRACE_REGION_BEGIN, region.task, region.type);
	return region;
}

CP_VISIBLE void cprof_trace_region_end(const struct cprof_trace_region *region)
{
	if (region && region->type && cp_trace_is_on())
		cp_trace_region(TRACE_REGION_END, region->task, region->type);
}

static void log_text(const char *category, const char *message, size_t nbytes)
{
	const uint64_t args[] = {cp_trace_task(), named(category)};
	cp_trace_text_event(TRACE_LOG, args, 2, message, nbytes);
}

CP_VISIBLE void cprof_trace_log(const char *category, const char *message)
{
	if (cp_trace_is_on())
		log_text(category, message ? message : "", message ? strlen(message) : 0);
}

CP_VISIBLE void cprof_trace_logf(const char *category, const char *format, ...)
{
	char text[CP_TRACE_MAX_TEXT_BYTES + 1];
	if (!cp_trace_is_on() || !format)
		return;
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n >= 0)
		log_text(category, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/// The flight recorder

CP_VISIBLE int cprof_flight_recorder_start(const struct cprof_flight_recorder_options *options)
{
	static const struct cprof_flight_recorder_options as_go;
	if (options && options->min_age_ns < 0)
		return -EINVAL;
	int cancel_state = cp_cancel_hold();
	int ret = cp_trace_recorder_start(options ? options : &as_go);
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE int cprof_flight_recorder_stop(void)
{
	int cancel_state = cp_cancel_hold();
	int ret = cp_trace_recorder_stop();
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE bool cprof_flight_recorder_is_enabled(void)
{
	return cp_trace_recorder_is_on();
}

CP_VISIBLE int cprof_flight_recorder_write_to(struct cprof_writer writer)
{
	if (!writer.path && !writer.write)
		return -EINVAL;
	int cancel_state = cp_cancel_hold();
	int ret = cp_trace_recorder_write(writer);
	cp_cancel_release(cancel_state);
	return ret;
}
