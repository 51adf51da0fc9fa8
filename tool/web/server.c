// SPDX-License-Identifier: MIT
// The web server (see web.h): libevent's evhttp. All that comes from the network is bounded here.
#include "web.h"

#include <event2/event.h>
#include <event2/http.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "tool/driver/viewer.h"

#include "address.h"
#include "answer.h"
#include "exchange.h"
#include "guard.h"
#include "settings.h"
#include "urlconfig.h"

enum {
	MAX_HEADER_BYTES = 64 << 10, // a URL with long regexps is one
	MAX_BODY_BYTES = 64 << 10,   // nothing we are asked has a body
	IDLE_SECONDS = 60,
	BROWSER_DELAY_US = 500 * 1000,
};

static struct evhttp *new_server(struct event_base *base, struct exchanges *exchanges)
{
	struct evhttp *http = evhttp_new(base);
	if (!http)
		return NULL;
	evhttp_set_max_headers_size(http, MAX_HEADER_BYTES);
	evhttp_set_max_body_size(http, MAX_BODY_BYTES);
	evhttp_set_timeout(http, IDLE_SECONDS);
	evhttp_set_allowed_methods(http,
			EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
	evhttp_set_gencb(http, exchange_begin, exchanges);
	return http;
}

static int port_of(struct evhttp_bound_socket *socket)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	if (getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&address, &len) < 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
}

// localhost is both its addresses, where there are two: browsers try either first.
static struct err *listen_at(struct arena *a, struct evhttp *http, struct web_address *address)
{
	bool is_localhost = strcmp(address->host, "localhost") == 0;
	errno = 0;
	struct evhttp_bound_socket *socket = evhttp_bind_socket_with_handle(http,
			is_localhost ? "127.0.0.1" : address->host, (ev_uint16_t)address->port);
	if (!socket)
		return err_new(a, "listen tcp %s:%d: %s", address->host, address->port,
				errno ? err_os(a, errno) : "no such host");
	address->port = port_of(socket);
	if (is_localhost)
		evhttp_bind_socket_with_handle(http, "::1", (ev_uint16_t)address->port);
	return NULL;
}

struct browser {
	struct arena *arena;
	const struct env *env;
	const char *url;
};

static void open_browser(evutil_socket_t fd, short what, void *arg)
{
	const struct browser *b = arg;
	pid_t pid;
	struct err *e = viewer_start(b->arena, viewer_browsers(b->arena, b->env), b->url, &pid);
	if (e)
		env_say(b->env, "No browser could be started (%s): please open %s", e->message, b->url);
}

static const char *url_of(struct arena *a, const struct web_address *address)
{
	return strchr(address->host, ':')
			? arena_printf(a, "http://[%s]:%d", address->host, address->port)
			: arena_printf(a, "http://%s:%d", address->host, address->port);
}

// Until the process is ended.
static struct err *run(struct arena *a, struct event_base *base, struct web *w,
		struct web_address *address, bool no_browser)
{
	static const struct query none;
	const struct env *env = w->session->env;
	struct exchanges exchanges = {w, errands_create(base, exchange_go_on)};
	struct evhttp *http = exchanges.errands ? new_server(base, &exchanges) : NULL;
	if (!http)
		return err_new(a, "no server: %s", err_os(a, errno));
	struct err *e = listen_at(a, http, address);
	if (!e) {
		const char *url = url_of(a, address);
		struct query q = config_to_query(a, w->config, &none);
		struct browser browser = {a, env,
				arena_printf(a, "%s/ui/%s", url, query_text(a, &q))};
		env_say(env, "Serving web UI on %s", url);
		if (env->out_is_terminal && !no_browser)
			event_base_once(base, -1, EV_TIMEOUT, open_browser, &browser,
					&(struct timeval){.tv_usec = BROWSER_DELAY_US});
		event_base_dispatch(base);
	}
	evhttp_free(http);
	errands_destroy(exchanges.errands);
	return e;
}

// What libevent would say on stderr is in our own messages.
static void say_nothing(int severity, const char *message)
{
}

struct err *web_serve(struct arena *a, const struct session *s, const struct config *config,
		const char *text, bool no_browser)
{
	struct web_address address;
	struct err *e = web_address_parse(a, text, &address);
	if (e)
		return e;
	struct web w = {.session = s, .config = config, .settings_path = settings_path(a, s->env),
			.is_local = guard_is_local_host(address.host) ||
					guard_is_local_address(address.host)};
	event_set_log_callback(say_nothing);
	struct event_base *base = event_base_new();
	if (!base)
		return err_new(a, "out of memory");
	signal(SIGPIPE, SIG_IGN); // of a client that went away
	e = run(a, base, &w, &address, no_browser);
	event_base_free(base);
	return e;
}
