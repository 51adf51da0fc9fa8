// SPDX-License-Identifier: MIT
// A thread a source asks for a profile each interval; one thread sends, or writes. What cannot be sent (a disk may be
// full, too) waits in the spool, and the oldest is dropped where that is full. Secrets come from the environment,
// which others cannot see.
//
//   POST /ingest?name=NAME&from=SECONDS&until=SECONDS&spyName=cprof&sampleRate=100   multipart/form-data: profile
#include "push.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/flag.h"
#include "tool/driver/http.h"
#include "tool/driver/query.h"
#include "tool/driver/url.h"

#include "folder.h"
#include "spool.h"

enum { EXIT_BAD = 2, MAX_BACKOFF_S = 30, POLL_MS = 100, FLUSH_S = 5, MAX_BUFFER_MB = 1 << 20,
	LAST_TIMEOUTS = 10 }; // after the last round: a server that is restarted is back by then

static const char usage[] =
		"usage: cprof push -to URL|FOLDER [FLAGS] SOURCE...\n"
		"Sends the profiles of URLs (http://localhost:6060/debug/pprof/profile) to a Pyroscope server,\n"
		"or keeps them as files, again and again.\n"
		"  -to URL        the server: http://pyroscope:4040\n"
		"  -to FOLDER     files NAME-PROFILE.20261126T020000Z.pb.gz in it: when they begin, UTC\n"
		"  -keep N        how many of each source stay in the folder; the oldest are removed (1440)\n"
		"  -every N       seconds between profiles; those of CPU, block, mutex and allocs are as long (15)\n"
		"  -name NAME     the application, with labels if wanted: shop{env=prod,region=eu} (cprof)\n"
		"  -tenant ID     for servers with several tenants\n"
		"  -buffer MB     what unsent profiles may take before the oldest are dropped (64)\n"
		"  -rounds N      ends after so many profiles of each source (0: never), and 10 times -timeout\n"
		"                 later where these cannot be sent\n"
		"  -timeout N     seconds to wait for the server (30)\n"
		"Environment: CPROF_PUSH_TOKEN (bearer token), CPROF_PUSH_USER (name:password), CPROF_PUSH_TENANT.\n";

static const struct timespec poll = {.tv_nsec = POLL_MS * 1000000};

struct push {
	const struct env *env;
	const char *to, *name, *tenant;
	bool is_folder; // `to`
	int nkept;      // there, of each source
	int every_s, buffer_mb, rounds, timeout_s;
	bool asks_for_help;
	struct spool spool;
	_Atomic int ncollecting; // threads
	_Atomic bool is_sent;    // all there will be
	_Atomic bool is_ending;  // a signal came, or the last round's patience is over: what is left is tried once
	_Atomic uint64_t nsent, nfailed; // failed: to be fetched
};

struct source {
	struct push *push;
	const char *url;
	const char *stem;
};

/** Not of the day: that may be set anew while it is waited for. */
static struct timespec now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t;
}

/// Collecting

/** What only grows is sent as what an interval added; the rest as it is. */
static bool is_of_interval(const char *url)
{
	static const char *const names[] = {"/profile", "/block", "/mutex", "/allocs"};
	struct str path = str_slice(str_from(url), 0, strcspn(url, "?"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (str_has_suffix(path, str_from(names[i])))
			return !strstr(url, "seconds=");
	}
	return false;
}

static void *collect(void *arg)
{
	static const struct tls_files tls = {"", "", ""};
	const struct source *s = arg;
	struct push *p = s->push;
	bool was_failing = false;
	int seconds = is_of_interval(s->url) ? p->every_s : -1;
	for (int round = 0; (p->rounds == 0 || round < p->rounds) && !spool_is_closed(&p->spool); round++) {
		struct arena a = {0};
		struct timespec next = now();
		next.tv_sec += p->every_s;
		struct spooled one = {.from_s = time(NULL), .stem = s->stem};
		struct profile_url url = profile_url_of(&a, s->url, "", seconds, -1);
		struct err *e = http_get(&a, &tls, url.text, url.timeout_s, &one.profile);
		one.until_s = time(NULL);
		if (!e)
			spool_put(&p->spool, &one);
		else if (!was_failing)
			env_warn(p->env, "cprof: push: %s", e->message);
		if (e)
			buf_deinit(&one.profile);
		p->nfailed += e != NULL;
		was_failing = e != NULL;
		if (round + 1 != p->rounds)
			spool_rest(&p->spool, &next);
		arena_deinit(&a);
	}
	if (--p->ncollecting == 0)
		spool_close(&p->spool);
	return NULL;
}

/// Sending

static char *ingest_url(struct arena *a, const struct push *p, const struct spooled *one)
{
	struct buf out = {0};
	struct str to = str_from(p->to);
	while (to.len && to.ptr[to.len - 1] == '/')
		to.len--;
	buf_printf(&out, "%.*s/ingest?name=", STR_FMT(to));
	query_put_escaped(&out, p->name);
	buf_printf(&out, "&from=%lld&until=%lld&spyName=cprof&sampleRate=100", (long long)one->from_s,
			(long long)one->until_s);
	char *url = arena_strndup(a, out.ptr, out.len);
	buf_deinit(&out);
	return url;
}

/** The status, or 0 and an error. A profile is gzip'd, so that no part of it is the boundary but by a miracle. */
static long send_once(struct arena *a, const struct push *p, const struct spooled *one, struct err **error_out)
{
	static const char boundary[] = "cprof-profile-6f1d9a0c5b7e42d8";
	const char *token = p->env->get("CPROF_PUSH_TOKEN");
	struct buf body = {0};
	buf_printf(&body, "--%s\r\nContent-Disposition: form-data; name=\"profile\"; filename=\"profile.pprof\"\r\n"
			"Content-Type: application/octet-stream\r\n\r\n", boundary);
	buf_append(&body, one->profile.ptr, one->profile.len);
	buf_printf(&body, "\r\n--%s--\r\n", boundary);
	const struct http_upload upload = {
			.url = ingest_url(a, p, one),
			.headers = {arena_printf(a, "Content-Type: multipart/form-data; boundary=%s", boundary),
					*p->tenant ? arena_printf(a, "X-Scope-OrgID: %s", p->tenant) : NULL,
					token ? arena_printf(a, "Authorization: Bearer %s", token) : NULL},
			.user = p->env->get("CPROF_PUSH_USER"),
			.body = {body.ptr, body.len},
			.timeout_s = p->timeout_s,
	};
	long status = http_send(a, &upload, error_out);
	buf_deinit(&body);
	return status;
}

static bool is_worth_another_try(long status)
{
	return status == 0 || status == 408 || status == 429 || status >= 500;
}

/** The status of the server, 0 of a folder. */
static long put_once(struct arena *a, const struct push *p, const struct spooled *one, struct err **error_out)
{
	if (!p->is_folder)
		return send_once(a, p, one, error_out);
	*error_out = folder_put(a, p->to, one, p->nkept);
	return 0;
}

/** Sends it, however long that takes while more is to come. */
static void deliver(struct push *p, struct spooled *one)
{
	bool was_failing = false;
	const struct timespec begin = now();
	for (int backoff_s = 1;; backoff_s = backoff_s * 2 < MAX_BACKOFF_S ? backoff_s * 2 : MAX_BACKOFF_S) {
		struct arena a = {0};
		struct err *e = NULL;
		long status = put_once(&a, p, one, &e);
		if (e && spool_is_closed(&p->spool) &&
				now().tv_sec - begin.tv_sec >= LAST_TIMEOUTS * (time_t)p->timeout_s)
			p->is_ending = true;
		bool is_over = !e || !is_worth_another_try(status) || p->is_ending;
		p->nsent += !e;
		if (e && (is_over || !was_failing))
			env_warn(p->env, "cprof: push: %s%s", e->message, is_over ? "; dropped" : "; it is kept");
		else if (!e && was_failing)
			env_warn(p->env, "cprof: push: %s again; %llu profiles dropped so far",
					p->is_folder ? "the folder can be written" : "the server answers",
					(unsigned long long)spool_ndropped(&p->spool));
		was_failing = e != NULL;
		arena_deinit(&a);
		if (is_over)
			return;
		for (int i = 0; i < backoff_s * 1000 / POLL_MS && !p->is_ending; i++)
			nanosleep(&poll, NULL);
	}
}

static void *send_all(void *arg)
{
	struct push *p = arg;
	for (struct spooled *one; (one = spool_take(&p->spool));) {
		deliver(p, one);
		spooled_free(one);
	}
	p->is_sent = true;
	return NULL;
}

/// The command

static struct err *parse(struct arena *a, struct push *p, int argc, char **argv, int *first_out)
{
	const struct flag flags[] = {
			{"to", FLAG_STRING, &p->to},
			{"every", FLAG_INT, &p->every_s},
			{"keep", FLAG_INT, &p->nkept},
			{"name", FLAG_STRING, &p->name},
			{"tenant", FLAG_STRING, &p->tenant},
			{"buffer", FLAG_INT, &p->buffer_mb},
			{"rounds", FLAG_INT, &p->rounds},
			{"timeout", FLAG_INT, &p->timeout_s},
	};
	struct flag_result result;
	struct err *e = flag_parse(a, flags, sizeof(flags) / sizeof(*flags), argc - 1,
			(const char *const *)argv + 1, &result);
	if (e)
		return e;
	*first_out = 1 + result.first_arg;
	p->asks_for_help = result.asks_for_help;
	if (p->asks_for_help)
		return NULL;
	struct stat st;
	p->is_folder = !profile_url_of(a, p->to, "", -1, -1).text;
	if (!*p->to)
		return err_new(a, "no -to given: the server's URL, or a folder");
	if (p->is_folder && (stat(p->to, &st) != 0 || !S_ISDIR(st.st_mode)))
		return err_new(a, "-to %s: neither a URL (http://...) nor a folder that is there", p->to);
	if (p->every_s < 1 || p->rounds < 0 || p->timeout_s < 1 || p->nkept < 1 || p->buffer_mb < 1 ||
			p->buffer_mb > MAX_BUFFER_MB)
		return err_new(a, "-every, -keep, -timeout and -buffer are numbers from 1, -rounds from 0");
	if (strpbrk(p->tenant, "\r\n"))
		return err_new(a, "-tenant: there is an end of line in it");
	if (*first_out == argc)
		return err_new(a, "no source given");
	for (int i = *first_out; i < argc; i++) {
		if (!profile_url_of(a, argv[i], "", -1, -1).text)
			return err_new(a, "%s: not a URL; a source is http://HOST:PORT/debug/pprof/PROFILE", argv[i]);
	}
	return NULL;
}

/** Waits until all is sent, or for a signal and then a little longer. */
static void wait_for_end(struct push *p, const sigset_t *ends)
{
	while (!p->is_sent && !p->is_ending && sigtimedwait(ends, NULL, &poll) < 0)
		;
	p->is_ending = true;
	spool_close(&p->spool);
	for (int i = 0; i < FLUSH_S * 1000 / POLL_MS && !p->is_sent; i++)
		nanosleep(&poll, NULL);
}

/** Several sources may be of one profile. */
static const char *stem_of(struct arena *a, const struct push *p, char **urls, int i)
{
	int number = 1;
	for (int k = 0; k < i; k++)
		number += strcmp(folder_stem(a, p->name, urls[k], 1), folder_stem(a, p->name, urls[i], 1)) == 0;
	return folder_stem(a, p->name, urls[i], number);
}

static const char no_thread[] = "cprof: push: cannot start a thread for each source: is there a limit (ulimit -u)?";

static int push_all(struct arena *a, struct push *p, int nsources, char **urls)
{
	sigset_t ends;
	pthread_t thread;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	spool_init(&p->spool, (size_t)p->buffer_mb << 20);
	p->ncollecting = nsources;
	struct source *sources = arena_array(a, struct source, (size_t)nsources);
	for (int i = 0; i < nsources; i++) {
		sources[i] = (struct source){p, urls[i], stem_of(a, p, urls, i)};
		if (pthread_create(&thread, NULL, collect, &sources[i]) != 0) {
			env_warn(p->env, no_thread);
			return EXIT_BAD;
		}
		pthread_detach(thread); // the process ends without them
	}
	if (pthread_create(&thread, NULL, send_all, p) != 0) {
		env_warn(p->env, no_thread);
		return EXIT_BAD;
	}
	pthread_detach(thread);
	wait_for_end(p, &ends);
	// Refused, dropped, not sent yet, or on its way when the time was over: who has it nobody knows.
	uint64_t nlost = spool_nput(&p->spool) - p->nsent;
	env_say(p->env, "cprof: push: %llu profiles %s, %llu dropped, %llu could not be fetched",
			(unsigned long long)p->nsent, p->is_folder ? "written" : "sent",
			(unsigned long long)nlost, (unsigned long long)p->nfailed);
	return nlost + p->nfailed ? EXIT_BAD : EXIT_SUCCESS;
}

int push_main(const struct env *env, int argc, char **argv)
{
	struct arena a = {0};
	struct push push = {
			.env = env,
			.to = "",
			.name = "cprof",
			.tenant = env_or(env, "CPROF_PUSH_TENANT", ""),
			.nkept = 1440,
			.every_s = 15,
			.buffer_mb = 64,
			.timeout_s = 30,
	};
	int first = 0;
	struct err *e = parse(&a, &push, argc, argv, &first);
	if (e) {
		// Not all of the flags: the error would scroll away.
		env_warn(env, "cprof: push: %s", e->message);
		fputs("usage: cprof push -to URL|FOLDER [FLAGS] SOURCE...; for the flags: cprof help push\n", env->err);
		return EXIT_BAD;
	}
	if (push.asks_for_help) {
		fputs(usage, env->out);
		return EXIT_SUCCESS;
	}
	int status = push_all(&a, &push, argc - first, argv + first);
	fflush(NULL);
	_exit(status); // threads may still wait for servers
}
