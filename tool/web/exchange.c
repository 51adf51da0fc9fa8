// SPDX-License-Identifier: MIT
// See exchange.h.
#include "exchange.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>

#include "base/filter.h"
#include "base/mem.h"
#include "tool/driver/pipe.h"
#include "tool/graph/pass_cache.h"

#include "answer.h"

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

// A request until it is answered. Its strings are evhttp's, which keeps them that long.
struct exchange {
	struct errand errand; // first: the event loop gives that back
	struct arena arena;
	const struct exchanges *all;
	struct evhttp_request *request;
	int client_fd;
	struct web_request asked;
	struct web_response response;
	// Of the errand's thread while there is one
	struct tool_outputs outputs;
	struct arena drawing_arena;
	struct buf image;
	struct err *drawing_error;
};

static void finish(struct exchange *x)
{
	send_response(&x->arena, x->request, &x->response);
	buf_deinit(&x->response.graph);
	buf_deinit(&x->image);
	tool_outputs_deinit(&x->outputs);
	arena_deinit(&x->drawing_arena);
	arena_deinit(&x->arena);
	free(x);
}

static void draw(struct errand *e)
{
	static const char *const argv[] = {"dot", "-Tsvg", NULL};
	struct exchange *x = (struct exchange *)e;
	struct str graph = {x->response.graph.ptr, x->response.graph.len};
	x->drawing_error = pipe_through_for(&x->drawing_arena, argv, graph, x->client_fd, &x->image);
}

static void run_tools(struct errand *e)
{
	struct exchange *x = (struct exchange *)e;
	tool_outputs_run(&x->outputs, x->client_fd);
}

// As far as can be said without waiting for other programs.
static void answer(struct exchange *x)
{
	const struct session *s = x->all->web->session;
	object_tools_note_in(s->tools, &x->outputs);
	web_answer(&x->arena, x->all->web, &x->asked, &x->response);
	object_tools_note_in(s->tools, NULL);
	if (tool_outputs_are_missing(&x->outputs))
		x->errand.run = run_tools;
	else if (x->response.graph.len)
		x->errand.run = draw;
	else
		x->errand.run = NULL;
	if (x->errand.run)
		errand_begin(x->all->errands, &x->errand);
	else
		finish(x);
	pass_cache_prepare(s->profile->pass_cache, NULL, NULL);
}

void exchange_go_on(struct errand *e)
{
	struct exchange *x = (struct exchange *)e;
	if (x->errand.run == draw) {
		web_put_graph(&x->arena, x->all->web, &x->asked, (struct str){x->image.ptr, x->image.len},
				x->drawing_error, &x->response);
		finish(x);
	} else if (filter_is_wanted(x->client_fd)) {
		buf_deinit(&x->response.body);
		arena_deinit(&x->arena);
		answer(x);
	} else {
		buf_deinit(&x->response.body); // a page that lacks its code
		x->response.status = STATUS_UNAVAILABLE;
		finish(x);
	}
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

void exchange_begin(struct evhttp_request *request, void *arg)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	struct exchange *x = mem_zeroed(1, sizeof(*x));
	*x = (struct exchange){.all = arg, .request = request, .asked = read_request(request),
			.client_fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection))};
	answer(x);
}
