// SPDX-License-Identifier: MIT
// Context: CTL. The profiles: the CPU's for some seconds, and all that have a name, as they are or what some
// seconds add to them.
#include <errno.h>
#include <string.h>

#include "handler.h"
#include "kind/cpu.h"
#include "kind/kind.h"
#include "query.h"
#include "sigsafe/clock.h"
#include "write/delta.h"
#include "write/vformat.h"

enum { CPU_SECONDS = 30, NUMBER_BYTES = 32 };

static const char BINARY[] = "application/octet-stream", TEXT[] = "text/plain; charset=utf-8";

/** What is written begins the reply: until then it may still become an error. */
struct profile_reply {
	struct cp_exchange *x;
	const char *content_type, *filename;
};

static int write_profile(void *arg, const void *data, size_t size)
{
	struct profile_reply *p = arg;
	cp_reply_begin(&p->x->reply, 200, p->content_type, p->filename);
	return cp_reply_write(&p->x->reply, data, size);
}

static struct cprof_writer writer_of(struct profile_reply *p)
{
	return (struct cprof_writer){.write = write_profile, .arg = p};
}

static void reply_gone(struct cp_exchange *x)
{
	cp_reply_error(&x->reply, 500, "context canceled");
}

static void reply_failed(struct cp_exchange *x, int error)
{
	cp_reply_error(&x->reply, 500, "failed to collect profile: %s", cprof_strerror(error));
}

/** For HEAD: the headers alone. */
static void end_profile(struct profile_reply *p)
{
	cp_reply_begin(&p->x->reply, 200, p->content_type, p->filename);
}

static void settle(struct profile_reply *p, int error)
{
	if (error < 0)
		reply_failed(p->x, error);
	else
		end_profile(p);
}

/// CPU

static int64_t cpu_seconds(const struct cp_exchange *x)
{
	char text[NUMBER_BYTES];
	int64_t seconds;
	if (!cp_query_find(x->request->query, "seconds", text, sizeof(text)) || !cp_parse_int(text, &seconds) ||
			seconds <= 0)
		return CPU_SECONDS;
	return seconds;
}

/** False: the reply says why not. */
static bool collect_cpu(struct cp_exchange *x, int64_t seconds, struct cprof_writer writer)
{
	const struct cp_cpu_options options = cp_cpu_defaults();
	struct cp_cpu_window window;
	int error = cp_cpu_window_open(&options, &window);
	if (error < 0) {
		cp_reply_error(&x->reply, error == -EBUSY ? 503 : 500, "Could not enable CPU profiling: %s",
				cprof_strerror(error));
		return false;
	}
	bool is_gone = cp_http_wait(x, (uint64_t)seconds * CP_NS_PER_S);
	error = cp_cpu_window_close(&window, is_gone ? (struct cprof_writer){0} : writer);
	if (is_gone)
		reply_gone(x);
	else if (error < 0)
		reply_failed(x, error);
	return !is_gone && error == 0;
}

void cp_http_cpu(struct cp_exchange *x)
{
	struct profile_reply p = {x, BINARY, "profile"};
	int64_t seconds = cpu_seconds(x);
	if (!cp_http_may_take(x, seconds))
		return;
	if (x->reply.is_head || collect_cpu(x, seconds, writer_of(&p)))
		end_profile(&p);
}

/// Named

/** A program's own profiles have no deltas, as in Go. */
static bool has_deltas(const char *name)
{
	static const char *const names[] = {"allocs", "block", "goroutine", "heap", "mutex", "syscall",
			"threadcreate", "threads"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/** What some seconds add. False: the reply says why not. */
static bool collect_change(struct cp_exchange *x, const struct cprof_profile *profile, int64_t seconds,
		struct cp_delta *delta)
{
	int error = profile->write(profile, cp_delta_base(delta), 0);
	if (error == 0 && cp_http_wait(x, (uint64_t)seconds * CP_NS_PER_S)) {
		reply_gone(x);
		return false;
	}
	if (error == 0)
		error = profile->write(profile, cp_delta_later(delta), 0);
	if (error < 0)
		reply_failed(x, error);
	return error == 0;
}

/** False: the reply says why they cannot be waited for. */
static bool read_seconds(struct cp_exchange *x, const struct cprof_profile *profile, const char *text,
		int64_t *seconds_out)
{
	if (!cp_parse_int(text, seconds_out) || *seconds_out <= 0) {
		cp_reply_error(&x->reply, 400, "invalid value for \"seconds\" - must be a positive integer");
		return false;
	}
	if (!has_deltas(profile->name)) {
		cp_reply_error(&x->reply, 400, "\"seconds\" parameter is not supported for this profile type");
		return false;
	}
	return cp_http_may_take(x, *seconds_out);
}

static void reply_change(struct cp_exchange *x, const struct cprof_profile *profile, const char *name,
		int64_t seconds)
{
	char filename[CP_HTTP_NAME_BYTES];
	struct profile_reply p = {x, BINARY, filename};
	struct cp_delta *delta;
	cp_format(filename, sizeof(filename), "%s-delta", name);
	int error = x->reply.is_head ? 0 : cp_delta_begin(&delta);
	if (x->reply.is_head || error < 0) {
		settle(&p, error);
		return;
	}
	if (collect_change(x, profile, seconds, delta))
		settle(&p, cp_delta_end(delta, writer_of(&p)));
	else
		cp_delta_drop(delta);
}

/** False: there is none, or it is empty. */
static bool find_seconds(const struct cp_exchange *x, char text[NUMBER_BYTES])
{
	return cp_query_find(x->request->query, "seconds", text, NUMBER_BYTES) && text[0];
}

void cp_http_named(struct cp_exchange *x, const char *name)
{
	const struct cprof_profile *profile = cp_kind_lookup(name);
	char text[NUMBER_BYTES];
	int64_t debug = 0, seconds;
	if (!profile) {
		cp_reply_error(&x->reply, 404, "Unknown profile");
		return;
	}
	if (cp_query_find(x->request->query, "debug", text, sizeof(text)) &&
			(!cp_parse_int(text, &debug) || debug < 0 || debug > 2))
		debug = debug > 2;
	struct profile_reply p = {x, debug ? TEXT : BINARY, debug ? NULL : name};
	if (!find_seconds(x, text))
		settle(&p, x->reply.is_head ? 0 : profile->write(profile, writer_of(&p), (int)debug));
	else if (!read_seconds(x, profile, text, &seconds))
		return;
	else if (debug)
		cp_reply_error(&x->reply, 400, "seconds and debug params are incompatible");
	else
		reply_change(x, profile, name, seconds);
}

/// For pictures

bool cp_http_takes_seconds(const char *name)
{
	return strcmp(name, "profile") == 0 || has_deltas(name);
}

static bool collect_named(struct cp_exchange *x, const char *name, struct cp_delta *delta)
{
	const struct cprof_profile *profile = cp_kind_lookup(name);
	char text[NUMBER_BYTES];
	int64_t seconds;
	if (!profile) {
		cp_reply_error(&x->reply, 404, "Unknown profile");
		return false;
	}
	if (find_seconds(x, text))
		return read_seconds(x, profile, text, &seconds) && collect_change(x, profile, seconds, delta);
	int error = profile->write(profile, cp_delta_later(delta), 0);
	if (error < 0)
		reply_failed(x, error);
	return error == 0;
}

bool cp_http_collect(struct cp_exchange *x, const char *name, struct cp_delta *delta)
{
	if (strcmp(name, "profile") != 0)
		return collect_named(x, name, delta);
	int64_t seconds = cpu_seconds(x);
	return cp_http_may_take(x, seconds) && collect_cpu(x, seconds, cp_delta_later(delta));
}
