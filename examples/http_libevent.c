// SPDX-License-Identifier: MIT
// /debug/pprof/ on a server of your own, here one of libevent. A thread a request, since a profile takes its
// time; the answer goes back to the event loop, the only one that may send.
//
//   cc http_libevent.c $(pkg-config --cflags --libs libcprof libevent libevent_pthreads) -o http_libevent
//   ./http_libevent 8080 &  cprof -top 'http://localhost:8080/debug/pprof/profile?seconds=2'
#define _GNU_SOURCE // POLLRDHUP
#include <cprof/http.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/thread.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct event_base *base;

struct exchange {
	struct evhttp_request *request;
	evutil_socket_t client;
	struct evbuffer *body;
	int status;
};

/* The functions that cprof_http_handle() answers by. */
static int begin(void *arg, int status, const struct cprof_http_header *headers, size_t nheaders)
{
	struct exchange *x = arg;
	x->status = status;
	for (size_t i = 0; i < nheaders; i++)
		evhttp_add_header(evhttp_request_get_output_headers(x->request), headers[i].name, headers[i].value);
	return 0;
}

static int write_body(void *arg, const void *data, size_t size)
{
	struct exchange *x = arg;
	return evbuffer_add(x->body, data, size);
}

/** And the one by which it waits, so that a client that leaves ends its profile. */
static bool wait_for_client(void *arg, uint64_t timeout_ns)
{
	struct pollfd client = {.fd = ((struct exchange *)arg)->client, .events = POLLRDHUP};
	return poll(&client, 1, (int)(timeout_ns / 1000000) + 1) > 0;
}

static void send_reply(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *x = arg;
	evhttp_send_reply(x->request, x->status, NULL, x->body);
	evbuffer_free(x->body);
	free(x);
}

static const char *method_name(enum evhttp_cmd_type method)
{
	return method == EVHTTP_REQ_GET ? "GET" : method == EVHTTP_REQ_HEAD ? "HEAD" : "POST";
}

static void *answer(void *arg)
{
	struct exchange *x = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(x->request);
	struct evkeyvalq *headers = evhttp_request_get_input_headers(x->request);
	struct evbuffer *body = evhttp_request_get_input_buffer(x->request);
	const struct cprof_http_request request = {
			.method = method_name(evhttp_request_get_command(x->request)),
			.path = evhttp_uri_get_path(uri),
			.query = evhttp_uri_get_query(uri),
			.host = evhttp_find_header(headers, "Host"),
			.authorization = evhttp_find_header(headers, "Authorization"),
			.control = evhttp_find_header(headers, "X-Cprof-Control"),
			.body_bytes = evbuffer_get_length(body),
			.body = evbuffer_pullup(body, -1),
			.wait = wait_for_client,
			.wait_arg = x,
	};
	const struct cprof_http_response response = {begin, write_body, x};
	if (cprof_http_handle(&request, &response) < 0)
		x->status = 500;
	event_base_once(base, -1, EV_TIMEOUT, send_reply, x, NULL);
	return NULL;
}

/** Your own pages. */
static void answer_hello(struct evhttp_request *request)
{
	evbuffer_add(evhttp_request_get_output_buffer(request), "hello\n", 6);
	evhttp_send_reply(request, 200, NULL, NULL);
}

static void on_request(struct evhttp_request *request, void *arg)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
	if (!path || strncmp(path, "/debug/pprof", 12) != 0) {
		answer_hello(request);
		return;
	}
	struct exchange *x = calloc(1, sizeof(*x));
	pthread_t thread;
	x->request = request;
	x->client = bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(request)));
	x->body = evbuffer_new();
	x->status = 503;
	if (pthread_create(&thread, NULL, answer, x) == 0)
		pthread_detach(thread);
	else
		send_reply(-1, 0, x);
}

int main(int argc, char **argv)
{
	evthread_use_pthreads();
	base = event_base_new();
	struct evhttp *server = evhttp_new(base);
	evhttp_set_allowed_methods(server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
	evhttp_set_gencb(server, on_request, NULL);
	if (evhttp_bind_socket(server, "127.0.0.1", (unsigned short)(argc > 1 ? atoi(argv[1]) : 8080)) < 0) {
		perror("bind");
		return 1;
	}
	return event_base_dispatch(base) < 0;
}
