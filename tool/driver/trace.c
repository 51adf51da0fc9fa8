// SPDX-License-Identifier: MIT
// `cprof trace` (see trace.h): its words, where the trace comes from and where the result goes.
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/flag.h"
#include "base/term.h"
#include "tool/profile/encode.h"
#include "tool/trace/derive.h"
#include "tool/trace/load.h"
#include "tool/trace/perfetto.h"
#include "tool/trace/summary.h"

#include "help.h"
#include "http.h"
#include "slurp.h"
#include "tempfile.h"
#include "url.h"

enum { EXIT_BAD = 2, PLAIN_WIDTH = 120 };

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
	struct profile_url url = profile_url_of(a, source, -1, -1);
	if (url.text)
		return err_wrap(a, load_url(a, &url, timeline_out), "%s", source);
	struct slurp file;
	struct err *e = slurp_file(a, source, &file);
	if (e)
		return e;
	e = err_wrap(a, trace_load(a, file.data, file.len, timeline_out), "%s", source);
	slurp_free(&file);
	return e;
}

static struct err *write_all(struct arena *a, int fd, const char *path, const struct buf *bytes)
{
	size_t done = 0;
	while (done < bytes->len) {
		ssize_t n = write(fd, bytes->ptr + done, bytes->len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			return err_new(a, "write %s: %s", path, os_error_text(a, errno));
	}
	return NULL;
}

// path "" is the standard output.
static struct err *deliver(struct arena *a, const struct env *env, const char *path, const struct buf *bytes)
{
	if (!*path)
		return write_all(a, fileno(env->out), "/dev/stdout", bytes);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_new(a, "open %s: %s", path, os_error_text(a, errno));
	struct err *e = write_all(a, fd, path, bytes);
	if (close(fd) < 0 && !e)
		e = err_new(a, "close %s: %s", path, os_error_text(a, errno));
	return e;
}

static struct err *deliver_summary(struct arena *a, const struct env *env, const struct trace_request *r,
		const struct timeline *t)
{
	struct buf text = {0};
	struct view view = {
			.timeline = t,
			.out = &text,
			.width = env->out_is_terminal ? (unsigned)term_width(env->out) : PLAIN_WIDTH,
			.has_colour = !*r->output && term_has_colour(env->out),
	};
	summary_put(&view);
	struct err *e = deliver(a, env, r->output, &text);
	buf_deinit(&text);
	return e;
}

static struct err *deliver_perfetto(struct arena *a, const struct env *env, const struct trace_request *r,
		struct timeline *t)
{
	struct buf bytes = {0};
	perfetto_encode(t, &bytes);
	struct err *e = deliver(a, env, r->perfetto, &bytes);
	buf_deinit(&bytes);
	if (!e)
		env_say(env, "cprof: wrote %s; open it in https://ui.perfetto.dev", r->perfetto);
	return e;
}

static struct err *deliver_profile(struct arena *a, const struct env *env, const struct trace_request *r,
		struct timeline *t)
{
	if (!*r->output && env->out_is_terminal)
		return err_new(a, "a profile is nothing for a terminal: use -o FILE, or a pipe");
	struct buf bytes = {0};
	derive_profile(t, r->kind);
	profile_encode_gzip(t->symbols, &bytes);
	struct err *e = deliver(a, env, r->output, &bytes);
	buf_deinit(&bytes);
	return e;
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
