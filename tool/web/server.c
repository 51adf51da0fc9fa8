// SPDX-License-Identifier: MIT
// The web server (see web.h): libevent's evhttp, one request at a time, for the profile is one and a page
// takes milliseconds; but graphviz, which may take minutes, draws meanwhile (drawing.h). All that comes from the
// network is bounded here.
#include "web.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "tool/driver/viewer.h"
#include "tool/graph/pass_cache.h"

#include "address.h"
#include "answer.h"
#include "drawing.h"
#include "guard.h"
#include "settings.h"
#include "urlconfig.h"

enum {
	MAX_HEADER_BYTES = 64 << 10, // a URL with long regexps is one
	MAX_BODY_BYTES = 64 << 10,   // nothing we are asked has a body
	IDLE_SECONDS = 60,
	BROWSER_DELAY_US = 500 * 1000,
};

static enum web_method method_of(const struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_HEAD:
		return WEB_GET;
	case EVHTTP_REQ_POST:
		return WEB_POST;
	case EVHTTP_REQ_DELETE:
		return WEB_DELETE;
	default:
		return WEB_OTHER;
	}
}

static void free_body(const void *data, size_t len, void *body)
{
	free(body);
}

// Scripts run only with the nonce of the response: a name in a profile that looks like a script stays text.
static void add_headers(struct arena *a, struct evkeyvalq *headers, const struct web_response *r)
{
	const char *scripts = *r->nonce ? arena_printf(a, "script-src 'nonce-%s'; ", r->nonce) : "";
	evhttp_add_header(headers, "Content-Type", r->type);
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "Content-Security-Policy",
			arena_printf(a, "default-src 'none'; %sstyle-src 'unsafe-inline'; "
					"img-src data:; connect-src 'self'; form-action 'self'; "
					"base-uri 'none'; frame-ancestors 'none'", scripts));
	if (r->location)
		evhttp_add_header(headers, "Location", r->location);
	if (r->file_name)
		evhttp_add_header(headers, "Content-Disposition",
				arena_printf(a, "attachment; filename=%s", r->file_name));
}

static void send_response(struct arena *a, struct evhttp_request *request, struct web_response *r)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evbuffer_new();
	add_headers(a, headers, r);
	evhttp_add_header(headers, "Content-Length", arena_printf(a, "%zu", r->body.len));
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD || !r->body.len ||
			evbuffer_add_reference(body, r->body.ptr, r->body.len, free_body, r->body.ptr) < 0)
		buf_deinit(&r->body);
	evhttp_send_reply(request, r->status, NULL, body);
	evbuffer_free(body);
}

/** The server, as who gets requests knows it. */
struct server {
	struct web *web;
	struct drawings *drawings;
};

// A request until it is answered. Its strings are evhttp's, which keeps them that long.
struct exchange {
	struct drawing drawing; // first: the event loop gives that back
	struct arena arena;
	const struct server *server;
	struct evhttp_request *request;
	struct web_request asked;
	struct web_response response;
};

static void finish(struct exchange *x)
{
	send_response(&x->arena, x->request, &x->response);
	buf_deinit(&x->response.graph);
	arena_deinit(&x->arena);
	free(x);
}

static void on_drawn(struct drawing *d)
{
	struct exchange *x = (struct exchange *)d;
	web_put_graph(&x->arena, x->server->web, &x->asked, (struct str){d->image.ptr, d->image.len}, d->error,
			&x->response);
	buf_deinit(&d->image);
	arena_deinit(&d->arena);
	finish(x);
}

static const char *header(const struct evkeyvalq *headers, const char *name)
{
	return evhttp_find_header(headers, name);
}

static struct web_request read_request(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *host = header(headers, "Host");
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	char *client = NULL;
	ev_uint16_t port;
	evhttp_connection_get_peer(evhttp_request_get_connection(request), &client, &port);
	return (struct web_request){
			.method = method_of(request),
			.path = path && *path == '/' ? path : "/",
			.query = str_from(uri ? evhttp_uri_get_query(uri) : NULL),
			.client = client ? client : "",
			.host = host ? host : "",
			.origin = header(headers, "Origin"),
	};
}

static void on_request(struct evhttp_request *request, void *arg)
{
	const struct server *s = arg;
	struct exchange *x = mem_zeroed(1, sizeof(*x));
	*x = (struct exchange){.server = s, .request = request, .asked = read_request(request)};
	web_answer(&x->arena, s->web, &x->asked, &x->response);
	struct pass_cache *cache = s->web->session->profile->pass_cache;
	if (x->response.graph.len) {
		struct evhttp_connection *connection = evhttp_request_get_connection(request);
		x->drawing.graph = (struct str){x->response.graph.ptr, x->response.graph.len};
		x->drawing.client_fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
		drawing_begin(s->drawings, &x->drawing);
	} else {
		finish(x);
	}
	pass_cache_prepare(cache, NULL, NULL);
}

static struct evhttp *new_server(struct event_base *base, struct server *server)
{
	struct evhttp *http = evhttp_new(base);
	if (!http)
		return NULL;
	evhttp_set_max_headers_size(http, MAX_HEADER_BYTES);
	evhttp_set_max_body_size(http, MAX_BODY_BYTES);
	evhttp_set_timeout(http, IDLE_SECONDS);
	evhttp_set_allowed_methods(http,
			EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
	evhttp_set_gencb(http, on_request, server);
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
	struct server server = {w, drawings_create(base, on_drawn)};
	struct evhttp *http = server.drawings ? new_server(base, &server) : NULL;
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
	drawings_destroy(server.drawings);
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
