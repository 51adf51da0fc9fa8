// SPDX-License-Identifier: MIT
// Fetching (see fetch.h): a thread a source, at most FETCH_CHUNK of them at a time, because all of a
// chunk's profiles are in memory until they are merged.
#include "fetch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/path.h"
#include "tool/perfdata/perfdata.h"
#include "tool/profile/merge.h"
#include "tool/profile/parse.h"

#include "http.h"
#include "locate.h"
#include "slurp.h"
#include "url.h"

enum { FETCH_CHUNK = 128 };

// One source, and what its thread made of it.
struct job {
	struct arena arena;
	const struct env *env;
	const struct request *request;
	const char *source;
	pthread_t thread;
	bool has_thread;

	struct profile *profile;
	const char *url; // NULL: a file
	struct mapping_source *sources;
	struct err *err;
};

// 90 -> "1m30s", as Go prints durations.
static const char *duration_text(struct arena *a, int seconds)
{
	int h = seconds / 3600, m = seconds / 60 % 60, s = seconds % 60;
	if (h)
		return arena_printf(a, "%dh%dm%ds", h, m, s);
	return m ? arena_printf(a, "%dm%ds", m, s) : arena_printf(a, "%ds", s);
}

static struct err *fetch_url(struct job *j, const struct profile_url *url)
{
	const struct request *r = j->request;
	env_say(j->env, "Fetching profile over HTTP from %s", url->text);
	if (r->seconds > 0)
		env_say(j->env, "Please wait... (%s)", duration_text(&j->arena, r->seconds));
	struct buf body = {0};
	struct err *e = http_get(&j->arena, &r->tls, url->text, url->timeout_s, &body);
	if (!e)
		e = profile_parse(&j->arena, body.ptr ? body.ptr : "", body.len, &j->profile);
	buf_deinit(&body);
	j->url = url->text;
	return e;
}

// The stacks of a large profile are most of it.
static bool wants_stacks(const struct request *r)
{
	const struct config *c = &r->config;
	const char *const askers[] = {c->focus, c->ignore, c->hide, c->show, c->show_from, c->prune_from, c->tagroot,
			c->tagleaf, r->base};
	bool wants = !r->command || !r->command->has_no_stacks || r->nsources > 1;
	for (size_t i = 0; i < sizeof(askers) / sizeof(askers[0]); i++)
		wants |= *askers[i] != '\0';
	return wants;
}

static struct err *fetch_file(struct job *j)
{
	struct slurp file;
	struct err *e = slurp_file(&j->arena, j->source, &file);
	if (e)
		return e;
	if (perfdata_is(file.data, file.len))
		e = perfdata_parse(&j->arena, file.data, file.len, &j->profile);
	else
		e = profile_parse_consume(&j->arena, file.data, file.len, wants_stacks(j->request), &j->profile);
	slurp_free(&file);
	return e;
}

/** What the user may have meant by the name of a file that is not there. */
static const char *what_else(const struct job *j)
{
	if (*j->source == '-')
		return " (flags stand before the sources)";
	bool may_be_command = !j->request->command && j->source[strcspn(j->source, "./:")] == '\0';
	return may_be_command ? " (nor is it a command: see cprof help)" : "";
}

static struct err *fetch(struct job *j)
{
	struct stat st;
	// A file may have a name that looks like a URL.
	if (strcmp(j->source, "-") == 0 || stat(j->source, &st) == 0)
		return fetch_file(j);
	int stat_errno = errno;
	const struct request *r = j->request;
	struct profile_url url = profile_url_of(&j->arena, j->source, "/debug/pprof/profile", r->seconds,
			r->timeout_s);
	if (url.text)
		return fetch_url(j, &url);
	return err_new(&j->arena, "stat %s: %s%s", j->source, err_os(&j->arena, stat_errno),
			what_else(j));
}

// Remembers for each mapping which server can name its addresses. A mapping without any name gets the
// URL as its file, so that it has a key; it goes again after symbolization.
static void collect_sources(struct job *j)
{
	struct profile *p = j->profile;
	struct str url = str_from(j->url);
	j->sources = arena_array(&j->arena, struct mapping_source, p->nmappings);
	for (uint32_t i = 0; i < p->nmappings; i++) {
		struct mapping *m = &p->mappings[i];
		if (!m->build_id && !m->file)
			m->file = profile_intern(p, url);
		strid key = m->build_id ? m->build_id : m->file;
		j->sources[i] = (struct mapping_source){profile_str(p, key), url, m->start};
	}
}

static void *run_job(void *arg)
{
	struct job *j = arg;
	j->err = fetch(j);
	if (j->err)
		return NULL;
	locate_binaries(&j->arena, j->env, j->request, j->profile);
	if (j->url)
		collect_sources(j);
	return NULL;
}

// Waits for a job; from the second second on a terminal is told of it.
static void join(struct job *jobs, size_t n, size_t i, time_t started)
{
	for (;;) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		if (pthread_timedjoin_np(jobs[i].thread, NULL, &until) != ETIMEDOUT)
			return;
		env_progress(jobs[i].env, "%zu of %zu profiles, %lld s", i, n,
				(long long)(time(NULL) - started));
	}
}

static void run_jobs(const struct env *env, struct job *jobs, size_t n)
{
	// One alone has a thread only so that somebody can be told of it meanwhile.
	bool wants_threads = n > 1 || env->err_has_colour;
	time_t started = wants_threads ? time(NULL) : 0;
	for (size_t i = 0; i < n; i++)
		jobs[i].has_thread = wants_threads &&
				pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]) == 0;
	for (size_t i = 0; i < n; i++) {
		if (jobs[i].has_thread)
			join(jobs, n, i, started);
		else
			run_job(&jobs[i]);
	}
	env_progress(env, "%s", "");
}

static struct str copy(struct arena *a, struct str s)
{
	return (struct str){arena_strndup(a, s.ptr, s.len), s.len};
}

static void append_sources(struct arena *a, struct fetched *f, const struct mapping_source *more,
		size_t n)
{
	size_t size = sizeof(*more);
	f->sources = arena_grow(a, f->sources, f->nsources * size, (f->nsources + n) * size,
			_Alignof(struct mapping_source));
	for (size_t i = 0; i < n; i++) {
		f->sources[f->nsources++] = (struct mapping_source){
				copy(a, more[i].key), copy(a, more[i].url), more[i].start};
	}
}

// One profile of several, which are gone then.
static struct err *combine(struct arena *a, struct profile **profiles, uint32_t n,
		struct profile **out)
{
	*out = profiles[0];
	struct err *e = profile_compatibilize(a, profiles, n);
	if (!e)
		e = profile_scale_units(a, profiles, n);
	if (n == 1)
		return e;
	*out = NULL;
	if (!e)
		return profile_merge(a, profiles, n, out);
	for (uint32_t i = 0; i < n; i++)
		profile_destroy(profiles[i]);
	return e;
}

struct err *fetched_combine(struct arena *a, struct fetched *into, struct fetched *more)
{
	struct err *e = NULL;
	if (into->profile && more->profile) {
		struct profile *both[] = {into->profile, more->profile};
		e = combine(a, both, 2, &into->profile);
	} else if (more->profile) {
		into->profile = more->profile;
	}
	append_sources(a, into, more->sources, more->nsources);
	into->count += more->count;
	into->is_remote |= more->is_remote;
	return e;
}

static struct err *collect(struct arena *a, const struct env *env, struct job *jobs, size_t n,
		struct fetched *out)
{
	struct profile *profiles[FETCH_CHUNK];
	*out = (struct fetched){0};
	for (size_t i = 0; i < n; i++) {
		struct job *j = &jobs[i];
		if (j->err) {
			env_warn(env, "%s: %s", j->source, j->err->message);
			continue;
		}
		profiles[out->count++] = j->profile;
		out->is_remote |= j->url != NULL;
		if (j->sources)
			append_sources(a, out, j->sources, j->profile->nmappings);
	}
	return out->count ? combine(a, profiles, (uint32_t)out->count, &out->profile) : NULL;
}

static struct err *fetch_chunk(struct arena *a, const struct env *env, const struct request *r,
		const char *const *sources, size_t n, struct fetched *out)
{
	struct job *jobs = arena_array(a, struct job, n);
	for (size_t i = 0; i < n; i++) {
		jobs[i].env = env;
		jobs[i].request = r;
		jobs[i].source = sources[i];
	}
	run_jobs(env, jobs, n);
	struct err *e = collect(a, env, jobs, n, out);
	for (size_t i = 0; i < n; i++)
		arena_deinit(&jobs[i].arena);
	return e;
}

struct err *fetch_all(struct arena *a, const struct env *env, const struct request *r,
		const char *const *sources, size_t nsources, struct fetched *out)
{
	*out = (struct fetched){0};
	for (size_t i = 0; i < nsources; i += FETCH_CHUNK) {
		size_t n = nsources - i < FETCH_CHUNK ? nsources - i : FETCH_CHUNK;
		struct fetched chunk;
		struct err *e = fetch_chunk(a, env, r, sources + i, n, &chunk);
		if (!e)
			e = fetched_combine(a, out, &chunk);
		if (e)
			return e;
	}
	return NULL;
}
