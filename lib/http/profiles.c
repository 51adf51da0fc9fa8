// SPDX-License-Identifier: MIT
// Context: CTL. The profiles: the CPU's for some seconds, and all that have a name, as they are or what some
// seconds add to them.
#include <errno.h>
#include <string.h>

#include "handler.h"
#include "kind/cpu.h"
#include "kind/kind.h"
#include "query.h"
#include "write/delta.h"
#include "write/vformat.h"

enum { CPU_SECONDS = 30, CPU_RATE_HZ = 100, NUMBER_BYTES = 32 };

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

/** Ends what was not begun: by an error, or, for HEAD, by the headers alone. */
static void settle(struct profile_reply *p, int error)
{
	if (error < 0)
		cp_reply_error(&p->x->reply, 500, "failed to collect profile: %s", cprof_strerror(error));
	else
		cp_reply_begin(&p->x->reply, 200, p->content_type, p->filename);
}

/// CPU

void cp_http_cpu(struct cp_exchange *x)
{
	const struct cp_cpu_options options = {.rate_hz = CPU_RATE_HZ};
	struct profile_reply p = {x, BINARY, "profile"};
	char text[NUMBER_BYTES];
	int64_t seconds;
	if (!cp_query_find(x->request->query, "seconds", text, sizeof(text)) || !cp_parse_int(text, &seconds) ||
			seconds <= 0)
		seconds = CPU_SECONDS;
	if (!cp_http_may_take(x, seconds))
		return;
	if (x->reply.is_head) {
		settle(&p, 0);
		return;
	}
	struct cp_cpu_window window;
	int error = cp_cpu_window_open(&options, &window);
	if (error < 0) {
		cp_reply_error(&x->reply, error == -EBUSY ? 503 : 500, "Could not enable CPU profiling: %s",
				cprof_strerror(error));
		return;
	}
	bool is_gone = cp_http_wait(x, seconds);
	error = cp_cpu_window_close(&window, is_gone ? (struct cprof_writer){0} : writer_of(&p));
	if (is_gone)
		cp_reply_error(&x->reply, 500, "context canceled");
	else
		settle(&p, error);
}

/// Named

/** Go's own name, too: threads are what goroutines are there. */
static const struct cprof_profile *find(const char *name)
{
	const struct cprof_profile *profile = cp_kind_lookup(name);
	if (!profile && strcmp(name, "goroutine") == 0)
		profile = cp_kind_lookup("threads");
	return profile;
}

/** A program's own profiles have no deltas, as in Go. */
static bool has_deltas(const struct cprof_profile *profile)
{
	static const char *const names[] = {"allocs", "block", "heap", "mutex", "threadcreate", "threads"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(profile->name, names[i]) == 0)
			return true;
	}
	return false;
}

static void write_delta(struct cp_exchange *x, const struct cprof_profile *profile, const char *name,
		int64_t seconds)
{
	char filename[CP_HTTP_NAME_BYTES];
	cp_format(filename, sizeof(filename), "%s-delta", name);
	struct profile_reply p = {x, BINARY, filename};
	struct cp_delta *delta;
	int error = x->reply.is_head ? 0 : cp_delta_begin(&delta);
	if (x->reply.is_head || error < 0) {
		settle(&p, error);
		return;
	}
	error = profile->write(profile, cp_delta_base(delta), 0);
	bool is_gone = error == 0 && cp_http_wait(x, seconds);
	if (is_gone)
		cp_reply_error(&x->reply, 500, "context canceled");
	else if (error == 0)
		error = profile->write(profile, cp_delta_later(delta), 0);
	if (is_gone || error < 0)
		cp_delta_drop(delta);
	else
		error = cp_delta_end(delta, writer_of(&p));
	if (!is_gone)
		settle(&p, error);
}

static void handle_delta(struct cp_exchange *x, const struct cprof_profile *profile, const char *name,
		const char *seconds_text, bool is_text)
{
	int64_t seconds;
	if (!cp_parse_int(seconds_text, &seconds) || seconds <= 0)
		cp_reply_error(&x->reply, 400, "invalid value for \"seconds\" - must be a positive integer");
	else if (!has_deltas(profile))
		cp_reply_error(&x->reply, 400, "\"seconds\" parameter is not supported for this profile type");
	else if (!cp_http_may_take(x, seconds))
		return;
	else if (is_text)
		cp_reply_error(&x->reply, 400, "seconds and debug params are incompatible");
	else
		write_delta(x, profile, name, seconds);
}

void cp_http_named(struct cp_exchange *x, const char *name)
{
	const struct cprof_profile *profile = find(name);
	char text[NUMBER_BYTES];
	int64_t debug = 0;
	if (!profile) {
		cp_reply_error(&x->reply, 404, "Unknown profile");
		return;
	}
	if (cp_query_find(x->request->query, "debug", text, sizeof(text)) &&
			(!cp_parse_int(text, &debug) || debug < 0 || debug > 2))
		debug = debug > 2;
	if (cp_query_find(x->request->query, "seconds", text, sizeof(text)) && text[0]) {
		handle_delta(x, profile, name, text, debug != 0);
		return;
	}
	struct profile_reply p = {x, debug ? TEXT : BINARY, debug ? NULL : name};
	settle(&p, x->reply.is_head ? 0 : profile->write(profile, writer_of(&p), (int)debug));
}
