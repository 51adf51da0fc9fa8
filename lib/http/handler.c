// SPDX-License-Identifier: MIT
// Context: CTL. /debug/pprof/ without a socket: a request comes in, a response goes out. Called by the
// listener's workers, and by programs that have a server of their own. No malloc, no state.
#include "handler.h"

#include <cprof/pprof.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "query.h"
#include "sigsafe/clock.h"
#include "sigsafe/file.h"
#include "write/vformat.h"

static const char PREFIX[] = "/debug/pprof";

/// Waiting

static bool sleep_ns(void *arg, uint64_t ns)
{
	const struct timespec time = {.tv_sec = (time_t)(ns / CP_NS_PER_S), .tv_nsec = (long)(ns % CP_NS_PER_S)};
	nanosleep(&time, NULL);
	return false;
}

bool cp_http_wait(const struct cp_exchange *x, uint64_t wait_ns)
{
	bool (*wait)(void *arg, uint64_t timeout_ns) = x->request->wait ? x->request->wait : sleep_ns;
	uint64_t end_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) + wait_ns;
	for (uint64_t now_ns; (now_ns = cp_clock_ns(CP_CLOCK_MONOTONIC)) < end_ns;) {
		if (wait(x->request->wait_arg, end_ns - now_ns))
			return true;
	}
	return false;
}

bool cp_http_may_take(struct cp_exchange *x, int64_t seconds)
{
	int max = x->options->max_seconds > 0 ? x->options->max_seconds : CP_HTTP_MAX_SECONDS;
	if (seconds <= max)
		return true;
	cp_reply_error(&x->reply, 400, "profile duration exceeds the server's limit of %d seconds", max);
	return false;
}

/// Who may ask

/** A page of another site whose name is made to point here (DNS rebinding) says that name. */
static bool is_own_host(const char *host)
{
	size_t len = strcspn(host, ":");
	if (host[0] == '[' || len == 0)
		return true;
	if (len == strlen("localhost") && strncasecmp(host, "localhost", len) == 0)
		return true;
	// No name of the DNS is made of digits and dots alone.
	return strspn(host, "0123456789.") == len;
}

/** Takes the same time whatever is wrong. */
static bool is_authorized(const char *authorization, const char *token)
{
	static const char scheme[] = "Bearer ";
	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return false;
	const char *given = authorization + strlen(scheme);
	size_t given_len = strlen(given), len = strlen(token);
	unsigned difference = given_len != len;
	for (size_t i = 0; i < given_len; i++)
		difference |= (unsigned char)given[i] ^ (unsigned char)token[len ? i % len : 0];
	return difference == 0;
}

static bool is_allowed(struct cp_exchange *x)
{
	const struct cprof_http_request *q = x->request;
	const char *token = x->options->bearer_token;
	if (q->host && !is_own_host(q->host)) {
		cp_reply_error(&x->reply, 403, "host not allowed");
		return false;
	}
	if (token && !is_authorized(q->authorization, token)) {
		cp_reply_error_with(&x->reply, 401, "WWW-Authenticate", "Bearer", "unauthorized");
		return false;
	}
	return true;
}

/// Routes

/** The arguments, a NUL between each, as the program may have changed them since (setproctitle). */
static void show_cmdline(struct cp_exchange *x)
{
	char part[1024];
	int fd = (int)cp_open("/proc/thread-self/cmdline", O_RDONLY, 0);
	if (fd < 0) {
		cp_reply_error(&x->reply, 500, "%s", cprof_strerror(-fd));
		return;
	}
	cp_reply_begin(&x->reply, 200, "text/plain; charset=utf-8", NULL);
	bool owes_nul = false; // the last one stays away
	for (ssize_t n; (n = read(fd, part, sizeof(part))) > 0;) {
		if (owes_nul)
			cp_reply_write(&x->reply, "", 1);
		owes_nul = part[n - 1] == '\0';
		cp_reply_write(&x->reply, part, (size_t)n - owes_nul);
	}
	close(fd);
}

/** All that are no profiles of the registry. */
static const struct route {
	const char *name;
	void (*answer)(struct cp_exchange *x);
	bool takes_post;
} routes[] = {
		{"", cp_http_index, false},
		{"cmdline", show_cmdline, false},
		{"flamegraph", cp_http_flamegraph, false},
		{"profile", cp_http_cpu, false},
		{"rates", cp_http_rates, true},
		{"symbol", cp_http_symbol, true},
		{"trace", cp_http_trace, false},
};

static const struct route *find_route(const struct cp_exchange *x, const char *name)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (strcmp(name, routes[i].name) == 0)
			return routes[i].answer == show_cmdline && x->options->hide_cmdline ? NULL : &routes[i];
	}
	return NULL;
}

static void route(struct cp_exchange *x, const char *name)
{
	const struct route *known = find_route(x, name);
	bool is_get = x->reply.is_head || strcmp(x->request->method, "GET") == 0;
	bool takes_post = known && known->takes_post;
	if (!is_get && !(takes_post && strcmp(x->request->method, "POST") == 0))
		cp_reply_error_with(&x->reply, 405, "Allow", takes_post ? "GET, HEAD, POST" : "GET, HEAD",
				"Method Not Allowed");
	else if (known)
		known->answer(x);
	else
		cp_http_named(x, name);
}

/** As net/http does, with the query; without one that is longer than any of ours. */
static void add_slash(struct cp_exchange *x)
{
	char location[CP_HTTP_NAME_BYTES];
	const char *query = x->request->query;
	bool fits = query && strlen(query) < sizeof(location) - sizeof(PREFIX) - strlen("/?");
	cp_format(location, sizeof(location), "%s/%s%s", PREFIX, fits ? "?" : "", fits ? query : "");
	cp_reply_redirect(&x->reply, location);
}

static void dispatch(struct cp_exchange *x)
{
	char name[CP_HTTP_NAME_BYTES];
	const char *path = x->request->path;
	size_t prefix_len = strlen(PREFIX);
	if (!is_allowed(x))
		return;
	if (strcmp(path, PREFIX) == 0)
		add_slash(x);
	else if (strncmp(path, PREFIX, prefix_len) != 0 || path[prefix_len] != '/')
		cp_reply_error(&x->reply, 404, "404 page not found");
	else if (!cp_url_decode(path + prefix_len + 1, strlen(path + prefix_len + 1), false, name, sizeof(name)))
		cp_reply_error(&x->reply, 404, "Unknown profile");
	else
		route(x, name);
}

int cp_http_handle(const struct cprof_http_request *request, const struct cprof_http_response *response)
{
	static const struct cprof_http_options careful;
	struct cp_exchange x = {
			.request = request,
			.options = request->options ? request->options : &careful,
			.reply = {.to = response, .is_head = strcmp(request->method, "HEAD") == 0},
	};
	dispatch(&x);
	return cp_reply_end(&x.reply);
}
