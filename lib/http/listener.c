// SPDX-License-Identifier: MIT
// Context: CTL, the listener's thread. libcprof-http.so: HTTP by libevent's evhttp, for requests that
// handler.c answers on a worker.
//
//   accept -> connections.c -> evhttp parses -> on_request -> worker.c -> handler.c
//                                      evhttp sends <- on_done <- eventfd <-'
//
// libevent may be the host's, too, so nothing of it that is global is touched: no allocator, no log callback,
// no threads of its own; a base belongs to one thread, and an eventfd wakes it.
#include "listener.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "address.h"
#include "connections.h"
#include "sigsafe/atomic.h"
#include "worker.h"

enum {
	MAX_HEADERS_BYTES = 16 << 10,
	MAX_BODY_BYTES = 1 << 20, // some 70,000 addresses
	SILENCE_S = 15,
	SWEEP_MS = 500,
	HIGH_FD = 512, // half of the usual limit
	ALL_METHODS = 0x1ff, // all that evhttp knows: the handler says what it thinks of them
};

struct listener {
	struct cp_http_address address;
	struct cprof_http_options options;
	const struct cp_http_host *host;
	struct cp_http_workers workers;
	struct cp_http_connections connections;
	struct event_base *base;
	int epoll_fd; // the base's; -1: which it is cannot be told
	struct evhttp *http;
	struct evconnlistener *accepting;
};

static struct listener first = {.address.fd = -1}, *the_listener = &first;
static atomic_bool is_tidy;

/// Requests

static const char *method_name(enum evhttp_cmd_type method)
{
	switch (method) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	case EVHTTP_REQ_POST:
		return "POST";
	default:
		return "";
	}
}

static struct bufferevent *connection_of(struct evhttp_request *evreq)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(evreq);
	return connection ? evhttp_connection_get_bufferevent(connection) : NULL;
}

/** All of it stays where it is until evreq is answered. */
static void fill_request(const struct listener *l, struct evhttp_request *evreq, struct cprof_http_request *q)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(evreq);
	struct evkeyvalq *headers = evhttp_request_get_input_headers(evreq);
	struct evbuffer *body = evhttp_request_get_input_buffer(evreq);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	*q = (struct cprof_http_request){
			.method = method_name(evhttp_request_get_command(evreq)),
			.path = path ? path : "",
			.query = uri ? evhttp_uri_get_query(uri) : NULL,
			.host = l->address.is_loopback ? evhttp_find_header(headers, "Host") : NULL,
			.authorization = evhttp_find_header(headers, "Authorization"),
			.control = evhttp_find_header(headers, "X-Cprof-Control"),
			.body_bytes = evbuffer_get_length(body),
			.options = &l->options,
	};
	q->body = q->body_bytes > 0 ? evbuffer_pullup(body, -1) : NULL;
	if (!q->body)
		q->body_bytes = 0;
}

static void refuse(struct evhttp_request *evreq)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(evreq);
	evhttp_add_header(headers, "Retry-After", "1");
	evhttp_send_reply(evreq, 503, NULL, NULL);
}

static void free_work(struct cp_http_work *work)
{
	if (work && work->body)
		evbuffer_free(work->body);
	free(work);
}

static void on_request(struct evhttp_request *evreq, void *arg)
{
	struct listener *l = arg;
	struct bufferevent *bev = connection_of(evreq);
	struct cp_http_work *work = calloc(1, sizeof(*work));
	if (work)
		work->body = evbuffer_new();
	if (!work || !work->body || !bev) {
		free_work(work);
		refuse(evreq);
		return;
	}
	work->evreq = evreq;
	work->fd = bufferevent_getfd(bev);
	fill_request(l, evreq, &work->request);
	cp_http_connections_serve(&l->connections, bev);
	if (!cp_http_workers_give(&l->workers, work)) {
		free_work(work);
		cp_http_connections_answer(&l->connections, bev);
		refuse(evreq);
	}
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	struct cp_http_work *next;
	for (struct cp_http_work *work = cp_http_workers_take_done(&l->workers); work; work = next) {
		next = work->next;
		cp_http_connections_answer(&l->connections, connection_of(work->evreq));
		if (work->status == 0)
			evbuffer_drain(work->body, evbuffer_get_length(work->body));
		evhttp_send_reply(work->evreq, work->status ? work->status : 500, NULL, work->body);
		free_work(work);
	}
}

/// Connections

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct listener *l = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);
	if (bev)
		cp_http_connections_add(&l->connections, bev);
	return bev;
}

/** No descriptor is left, or the like: the host's trouble must not become a loop of ours. */
static void on_accept_error(struct evconnlistener *accepting, void *arg)
{
	evconnlistener_disable(accepting); // until the next sweep
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	// libevent would go on with files of the program's, and complain to a standard error that may be one.
	if (!cp_http_is_open(&l->address)) {
		event_base_loopbreak(l->base);
		return;
	}
	cp_http_connections_sweep(&l->connections);
	evconnlistener_enable(l->accepting);
}

/// Set-up

/** libevent calls exit() where its base gets no descriptor: the host's end. So they must be there before. */
static bool has_descriptors(int fd)
{
	enum { WANTED = 8 }; // epoll, a timer, a pair for signals, and room
	int fds[WANTED], n = 0;
	while (n < WANTED && (fds[n] = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	bool is_enough = n == WANTED;
	while (n > 0)
		close(fds[--n]);
	return is_enough;
}

static int next_descriptor(int fd)
{
	int next = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (next >= 0)
		close(next);
	return next;
}

/** It is the first that libevent opens, which does not tell. */
static struct event_base *new_base(int any_fd, int *epoll_fd_out)
{
	struct epoll_event none;
	int fd = next_descriptor(any_fd);
	struct event_base *base = event_base_new();
	*epoll_fd_out = epoll_wait(fd, &none, 1, 0) == 0 ? fd : -1;
	return base;
}

/** Low numbers, taken while ours are opened; those that were free, as bits. */
struct held {
	int fd_end; // from here on ours may be
	uint64_t fds[HIGH_FD / 64];
};

/** A program that is started without a standard stream expects that number to be free: it fills it itself, or finds no
 *  such file. And scripts say which numbers their files get: what had been our eventfd got a worker's eight bytes. */
static void hold_low_numbers(struct held *held)
{
	struct rlimit limit;
	int fd = eventfd(0, EFD_CLOEXEC);
	*held = (struct held){.fd_end = HIGH_FD};
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < HIGH_FD)
		held->fd_end = (int)limit.rlim_cur / 2;
	while (fd >= 0 && fd < held->fd_end) {
		held->fds[fd / 64] |= 1ull << fd % 64;
		fd = fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
	}
	if (fd >= 0)
		close(fd);
}

static void release_low_numbers(const struct held *held)
{
	for (int fd = 0; fd < held->fd_end; fd++) {
		if (held->fds[fd / 64] & 1ull << fd % 64)
			close(fd);
	}
}

static int set_up(struct listener *l)
{
	if (!has_descriptors(l->address.fd))
		return -EMFILE;
	const struct timeval sweep = {.tv_usec = SWEEP_MS * 1000};
	l->base = new_base(l->address.fd, &l->epoll_fd);
	l->http = l->base ? evhttp_new(l->base) : NULL;
	struct event *done = l->http ? event_new(l->base, l->workers.done_fd, EV_READ | EV_PERSIST, on_done, l) : NULL;
	struct event *sweeping = done ? event_new(l->base, -1, EV_PERSIST, on_sweep, l) : NULL;
	struct evhttp_bound_socket *bound =
			sweeping ? evhttp_accept_socket_with_handle(l->http, l->address.fd) : NULL;
	if (!bound || event_add(done, NULL) < 0 || event_add(sweeping, &sweep) < 0)
		return -ENOMEM; // what there is stays: it happens once, in a process out of memory
	l->accepting = evhttp_bound_socket_get_listener(bound);
	evconnlistener_set_error_cb(l->accepting, on_accept_error);
	evhttp_set_allowed_methods(l->http, ALL_METHODS);
	evhttp_set_max_headers_size(l->http, MAX_HEADERS_BYTES);
	evhttp_set_max_body_size(l->http, MAX_BODY_BYTES);
	evhttp_set_timeout(l->http, SILENCE_S);
	evhttp_set_bevcb(l->http, on_connection, l);
	evhttp_set_gencb(l->http, on_request, l);
	return 0;
}

static int open_base(struct listener *l)
{
	int ret = cp_http_workers_init(&l->workers, l->host, &l->address);
	return ret < 0 ? ret : set_up(l);
}

/**
 * For a program that has closed what it did not open itself, as daemons do, and as uwsgi does when it is reloaded. What
 * there was stays as it is: its numbers are the program's files', and workers may be at it. From now on this thread and
 * the workers it starts have descriptors of their own, so it happens once, and the program gets the numbers it expects.
 */
static struct listener *listen_again(const struct listener *before)
{
	struct listener *l = calloc(1, sizeof(*l));
	if (!l || !before->host->leave_files() || cp_http_listen_again(&before->address, &l->address) < 0)
		return NULL;
	l->host = before->host;
	l->options = before->options;
	return open_base(l) < 0 ? NULL : l;
}

/** Until the program has closed its descriptors, which may be while requests are answered: so it is looked before each
 *  wait whether there is something to wait at. It is not libevent that waits: it would go on when it is interrupted, as
 *  by setuid(), which sends a signal to all threads and comes just after where daemons close what they find. */
static void dispatch(struct listener *l)
{
	struct pollfd ready = {.fd = l->epoll_fd, .events = POLLIN};
	int flags = l->epoll_fd >= 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE;
	while (cp_http_is_open(&l->address) && event_base_loop(l->base, flags) == 0) {
		if (l->epoll_fd >= 0)
			poll(&ready, 1, SWEEP_MS);
	}
}

static void run(void *arg)
{
	struct listener *l = arg;
	dispatch(l);
	if ((l = listen_again(l))) {
		the_listener = l;
		dispatch(l);
	}
}

/** The parent's port must be free when the parent is gone, whatever children it leaves. */
static void close_in_child(void)
{
	if (cp_http_is_open(&the_listener->address))
		close(the_listener->address.fd);
	the_listener->address.fd = -1;
}

/** Once: in a sandbox that is entered later it may be death. */
__attribute__((destructor)) static void tidy(void)
{
	if (the_listener->address.fd >= 0 && !exchange(&is_tidy, true, relaxed))
		cp_http_tidy(&the_listener->address);
}

static int copy_options(struct listener *l, const struct cprof_http_options *options)
{
	l->options = *options;
	if (!options->bearer_token)
		return 0;
	l->options.bearer_token = strdup(options->bearer_token);
	return l->options.bearer_token ? 0 : -ENOMEM;
}

__attribute__((visibility("default"))) cp_http_listener_start cprof_http_listener_start;

int cprof_http_listener_start(const struct cp_http_host *host, const char *address,
		const struct cprof_http_options *options, int *port_out)
{
	static bool has_fork_handler, has_exit_handler;
	struct listener *l = the_listener = &first;
	if (host->size != sizeof(*host))
		return -ENOENT; // of another version of libcprof
	*l = (struct listener){.address.fd = -1, .host = host};
	store(&is_tidy, false, relaxed);
	struct held held;
	hold_low_numbers(&held);
	int ret = cp_http_listen(host, address, options->allow_remote, &l->address);
	if (ret == 0 && (ret = copy_options(l, options)) == 0)
		ret = open_base(l);
	release_low_numbers(&held);
	if (ret == 0)
		ret = host->start_thread("cprof-http", run, l);
	if (ret < 0) {
		close(l->address.fd);
		l->address.fd = -1;
		return ret;
	}
	host->at_end(tidy);
	if (!has_exit_handler)
		has_exit_handler = at_quick_exit(tidy) == 0;
	if (!has_fork_handler)
		has_fork_handler = pthread_atfork(NULL, NULL, close_in_child) == 0;
	*port_out = l->address.port;
	return 0;
}
