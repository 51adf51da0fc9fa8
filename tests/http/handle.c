// SPDX-License-Identifier: MIT
// cprof_http_handle() as a program with a server of its own calls it: what <cprof/http.h> says of its arguments, of
// who may ask, and of how the response is given. Prints what is not so.
#include <cprof/http.h>
#include <cprof/trace.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int nwrong;

#define IS(got, wanted) is(__LINE__, #got, (got), (wanted))
static void is(int line, const char *what, long got, long wanted)
{
	if (got != wanted)
		printf("line %d: %s is %ld, not %ld\n", line, what, got, wanted);
	nwrong += got != wanted;
}

/** What was answered, and in which order. */
static struct answer {
	int status, nbegins, nwrites, begin_error, write_error;
	size_t nbytes;
	char first; // of the body
} answer;

static int begin(void *arg, int status, const struct cprof_http_header *headers, size_t nheaders)
{
	struct answer *a = arg;
	a->status = status;
	a->nbegins++;
	IS(a->nwrites, 0);
	for (size_t i = 0; i < nheaders; i++)
		IS(headers[i].name && headers[i].value, 1);
	return a->begin_error;
}

static int write_body(void *arg, const void *data, size_t size)
{
	struct answer *a = arg;
	IS(a->nbegins, 1);
	a->first = a->nbytes ? a->first : *(const char *)data;
	a->nwrites++;
	a->nbytes += size;
	return a->write_error;
}

static const struct cprof_http_response response = {begin, write_body, &answer};

static struct cprof_http_request get(const char *path, const char *query)
{
	answer = (struct answer){0};
	return (struct cprof_http_request){.method = "GET", .path = path, .query = query};
}

static int ask(struct cprof_http_request request)
{
	int ret = cprof_http_handle(&request, &response);
	return ret < 0 ? ret : answer.status;
}

static void check_arguments(void)
{
	struct cprof_http_request q = get("/debug/pprof/", NULL), none = q, nowhere = q, empty = q;
	const struct cprof_http_response no_begin = {NULL, write_body, NULL}, no_write = {begin, NULL, NULL};
	none.method = NULL;
	nowhere.path = NULL;
	empty.body_bytes = 1;
	IS(cprof_http_handle(NULL, &response), -EINVAL);
	IS(cprof_http_handle(&q, NULL), -EINVAL);
	IS(cprof_http_handle(&q, &no_begin), -EINVAL);
	IS(cprof_http_handle(&q, &no_write), -EINVAL);
	IS(cprof_http_handle(&none, &response), -EINVAL);
	IS(cprof_http_handle(&nowhere, &response), -EINVAL);
	IS(cprof_http_handle(&empty, &response), -EINVAL);
	IS(answer.nbegins, 0);
}

static void check_response(void)
{
	IS(ask(get("/debug/pprof/heap", "debug=1")), 200);
	IS(answer.first, 'h'); // "heap profile: ..."
	IS(ask(get("/debug/pprof/nothing", NULL)), 404);
	IS(ask(get("/elsewhere", NULL)), 404);
	struct cprof_http_request q = get("/debug/pprof/heap", NULL);
	q.method = "HEAD";
	IS(ask(q), 200);
	IS(answer.nwrites, 0);
	q = get("/debug/pprof/heap", NULL);
	answer.begin_error = -EPIPE;
	IS(ask(q), -EPIPE);
	IS(answer.nwrites, 0);
	static const char *const all[] = {"", "heap", "goroutine", "rates", "cmdline"};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char path[64];
		snprintf(path, sizeof(path), "/debug/pprof/%s", all[i]);
		q = get(path, NULL);
		answer.write_error = -ECONNRESET;
		IS(ask(q), -ECONNRESET);
		IS(answer.nwrites, 1); // the client is not bothered again
	}
}

static int ask_as(const struct cprof_http_options *options, const char *host, const char *authorization)
{
	struct cprof_http_request q = get("/debug/pprof/cmdline", NULL);
	q.options = options;
	q.host = host;
	q.authorization = authorization;
	return ask(q);
}

static int change_rate(const struct cprof_http_options *options, const char *control)
{
	struct cprof_http_request q = get("/debug/pprof/rates", "mutexprofilefraction=0");
	q.method = "POST";
	q.options = options;
	q.control = control;
	return ask(q);
}

static void check_who_may(void)
{
	const struct cprof_http_options hidden = {.hide_cmdline = true}, control = {.allow_control = true},
			token = {.bearer_token = "sesame"};
	IS(ask_as(NULL, "localhost:80", NULL), 200);
	IS(ask_as(NULL, "[::1]", NULL), 200);
	IS(ask_as(NULL, "rebound.example", NULL), 403);
	IS(ask_as(&hidden, NULL, NULL), 404);
	IS(ask_as(&token, NULL, NULL), 401);
	IS(ask_as(&token, NULL, "Bearer sesam"), 401);
	IS(ask_as(&token, NULL, "Bearer sesame"), 200);
	IS(change_rate(NULL, "1"), 403);
	IS(change_rate(&control, NULL), 403);
	IS(change_rate(&control, "1"), 200);
}

static int nwaits;

static bool wait_shortly(void *arg, uint64_t timeout_ns)
{
	const struct timespec pause = {.tv_nsec = timeout_ns < 100000000 ? (long)timeout_ns : 100000000};
	nwaits++;
	nanosleep(&pause, NULL);
	return false;
}

static bool is_gone(void *arg, uint64_t timeout_ns)
{
	return true;
}

/** A client that has gone ends what it asked for: this test would take a minute. */
static void check_waiting(void)
{
	const struct cprof_http_options brief = {.max_seconds = 1};
	static const char *const all[] = {"profile", "heap", "trace"};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char path[64];
		snprintf(path, sizeof(path), "/debug/pprof/%s", all[i]);
		struct cprof_http_request q = get(path, "seconds=20");
		q.wait = is_gone;
		IS(ask(q), 500);
		q = get(path, "seconds=2");
		q.options = &brief;
		IS(ask(q), 400);
	}
	struct cprof_http_request q = get("/debug/pprof/heap", "seconds=1");
	q.wait = wait_shortly;
	IS(ask(q), 200);
	IS(nwaits >= 5, 1);
}

static void *trace_shortly(void *arg)
{
	struct cprof_http_request q = get("/debug/pprof/trace", "seconds=1");
	q.wait = wait_shortly;
	return (void *)(intptr_t)ask(q);
}

/** A thread that ended within left its trace on, which went on to write to where its stack had been. */
static void check_cancellation(void)
{
	pthread_t thread;
	void *result;
	const struct timespec pause = {.tv_nsec = 200000000};
	pthread_create(&thread, NULL, trace_shortly, NULL);
	nanosleep(&pause, NULL);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	IS((intptr_t)result, 200);
	IS(cprof_trace_is_enabled(), 0);
}

int main(void)
{
	check_arguments();
	check_response();
	check_who_may();
	check_waiting();
	check_cancellation();
	return nwrong != 0;
}
