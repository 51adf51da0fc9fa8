// SPDX-License-Identifier: MIT
// `cprof trace` (see trace.h): its words, where the trace comes from and where the result goes.
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/flag.h"
#include "base/outfile.h"
#include "base/term.h"
#include "tool/profile/encode.h"
#include "tool/symbolizer/demangle.h"
#include "tool/trace/derive.h"
#include "tool/trace/load.h"
#include "tool/trace/objects.h"
#include "tool/trace/perfetto.h"
#include "tool/trace/summary.h"

#include "help.h"
#include "http.h"
#include "slurp.h"
#include "url.h"

enum { EXIT_BAD = 2, PLAIN_WIDTH = 120, FLOW_BYTES = 1 << 20 };

struct trace_request {
	const char *source;
	const char *perfetto; // "" for none
	const char *pprof;    // "" for none
	const char *output;   // "" for the standard output
	enum derive_kind kind;
};

static const char usage[] = "usage: cprof trace [-perfetto FILE | -pprof sync|syscall|net|sched] [-o FILE] TRACE";

static struct err *parse_kind(struct arena *a, struct trace_request *r)
{
	for (r->kind = 0; r->kind < DERIVE_NKINDS; r->kind++) {
		if (strcmp(r->pprof, derive_names[r->kind]) == 0)
			return NULL;
	}
	return err_new(a, "-pprof is one of sync, syscall, net and sched, not %s", r->pprof);
}

// Flags may stand before and behind the trace.
static struct err *parse(struct arena *a, int argc, const char *const *argv, struct trace_request *r,
		bool *asks_for_help_out)
{
	*r = (struct trace_request){.perfetto = "", .pprof = "", .output = ""};
	const struct flag flags[] = {
			{"perfetto", FLAG_STRING, &r->perfetto},
			{"pprof", FLAG_STRING, &r->pprof},
			{"o", FLAG_STRING, &r->output},
	};
	for (int at = 1; at < argc || !r->source;) {
		struct flag_result result;
		struct err *e = flag_parse(a, flags, sizeof(flags) / sizeof(flags[0]), argc - at, argv + at,
				&result);
		*asks_for_help_out = !e && result.asks_for_help;
		if (e || *asks_for_help_out)
			return e;
		at += result.first_arg;
		if ((at < argc) == (r->source != NULL))
			return err_new(a, "%s", usage);
		if (at < argc)
			r->source = argv[at++];
	}
	if (*r->perfetto && *r->pprof)
		return err_new(a, "-perfetto and -pprof do not go together");
	if (*r->perfetto && *r->output)
		return err_new(a, "-perfetto and -o do not go together: %s is what is written", r->perfetto);
	return *r->pprof ? parse_kind(a, r) : NULL;
}

static struct err *load_url(struct arena *a, const struct profile_url *url, struct timeline **timeline_out)
{
	const struct tls_files tls = {"", "", ""};
	struct buf body = {0};
	struct err *e = http_get(a, &tls, url->text, url->timeout_s, &body);
	if (!e)
		e = trace_load(a, body.ptr, body.len, timeline_out);
	buf_deinit(&body);
	return e;
}

static struct err *load(struct arena *a, const char *source, struct timeline **timeline_out)
{
	struct stat st;
	struct profile_url url = profile_url_of(a, source, "/debug/pprof/trace", -1, -1);
	if (url.text && stat(source, &st) != 0) // a file may have a name that looks like a URL: "trace-10:30:00"
		return err_wrap(a, load_url(a, &url, timeline_out), "%s", source);
	struct slurp file;
	struct err *e = slurp_file(a, source, &file);
	if (e)
		return e;
	e = err_wrap(a, trace_load(a, file.data, file.len, timeline_out), "%s", source);
	slurp_free(&file);
	return e;
}

// A file, or the standard output, that a buffer flows into.
struct sink {
	const char *path;
	int fd;
	int error; // errno of the first write that failed
};

static int flow(void *arg, const char *data, size_t len)
{
	struct sink *s = arg;
	while (len && !s->error) {
		ssize_t n = write(s->fd, data, len);
		if (n >= 0)
			data += n, len -= (size_t)n;
		else if (errno != EINTR)
			s->error = errno;
	}
	return -s->error;
}

// path "" is the standard output. `out` must not move until sink_close().
static struct err *sink_open(struct arena *a, const struct env *env, const char *path, struct sink *s,
		struct buf *out)
{
	*s = (struct sink){.path = *path ? path : "/dev/stdout", .fd = fileno(env->out)};
	*out = (struct buf){.flush = flow, .flush_arg = s, .flush_bytes = FLOW_BYTES};
	if (*path)
		s->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return s->fd >= 0 ? NULL : err_new(a, "open %s: %s", path, err_os(a, errno));
}

static struct err *sink_close(struct arena *a, const struct env *env, struct sink *s, struct buf *out)
{
	buf_flush(out);
	buf_deinit(out);
	if (s->error && s->fd != fileno(env->out))
		outfile_discard(s->fd, s->path);
	if (s->fd != fileno(env->out) && close(s->fd) < 0 && !s->error)
		s->error = errno;
	return s->error ? err_new(a, "write %s: %s", s->path, err_os(a, s->error)) : NULL;
}

// For people; profiles are read by programs that know more.
static void make_readable(struct arena *a, struct timeline *t)
{
	demangle_profile(t->symbols, a, false, DEMANGLE_SIMPLE);
	objects_name(t, a);
}

static struct err *deliver_summary(struct arena *a, const struct env *env, const struct trace_request *r,
		struct timeline *t)
{
	struct sink sink;
	struct buf text;
	struct err *e = sink_open(a, env, r->output, &sink, &text);
	if (e)
		return e;
	struct view view = {
			.timeline = t,
			.out = &text,
			.width = env->out_is_terminal ? (unsigned)term_width(env->out) : PLAIN_WIDTH,
			.has_colour = !*r->output && term_has_colour(env->out),
	};
	make_readable(a, t);
	summary_put(&view);
	return sink_close(a, env, &sink, &text);
}

static struct err *deliver_perfetto(struct arena *a, const struct env *env, const struct trace_request *r,
		struct timeline *t)
{
	struct sink sink;
	struct buf packets;
	struct err *e = sink_open(a, env, r->perfetto, &sink, &packets);
	if (e)
		return e;
	make_readable(a, t);
	perfetto_encode(t, &packets);
	e = sink_close(a, env, &sink, &packets);
	if (!e)
		env_say(env, "cprof: wrote %s; open it in https://ui.perfetto.dev", r->perfetto);
	return e;
}

static struct err *deliver_profile(struct arena *a, const struct env *env, const struct trace_request *r,
		struct timeline *t)
{
	if (!*r->output && env->out_is_terminal)
		return err_new(a, "a profile is nothing for a terminal: use -o FILE, or a pipe");
	struct sink sink;
	struct buf bytes;
	struct err *e = sink_open(a, env, r->output, &sink, &bytes);
	if (e)
		return e;
	derive_profile(t, r->kind);
	profile_encode_gzip(t->symbols, &bytes);
	return sink_close(a, env, &sink, &bytes);
}

static struct err *show(struct arena *a, const struct env *env, const struct trace_request *r)
{
	struct timeline *t;
	struct err *e = load(a, r->source, &t);
	if (e)
		return e;
	if (*r->perfetto)
		e = deliver_perfetto(a, env, r, t);
	else if (*r->pprof)
		e = deliver_profile(a, env, r, t);
	else
		e = deliver_summary(a, env, r, t);
	timeline_destroy(t);
	return e;
}

int trace_main(const struct env *env, int argc, const char *const *argv)
{
	struct arena a = {0};
	struct trace_request r;
	bool asks_for_help;
	struct err *e = parse(&a, argc, argv, &r, &asks_for_help);
	if (asks_for_help) {
		struct buf text = {0};
		help_topic("trace", false, &text);
		fwrite(text.ptr, 1, text.len, env->out);
		buf_deinit(&text);
	} else if (!e) {
		e = show(&a, env, &r);
	}
	if (e)
		env_warn(env, "cprof trace: %s", e->message);
	arena_deinit(&a);
	return e ? EXIT_BAD : EXIT_SUCCESS;
}
