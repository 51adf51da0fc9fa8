// SPDX-License-Identifier: MIT
// Context: CTL. See worker.h. A worker waits for its client by poll(), not by libevent, which must see its
// connection from one thread only: evhttp has stopped reading until the answer, so the socket stays open.
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sigsafe/clock.h"

int cp_http_workers_init(struct cp_http_workers *w, const struct cp_http_host *host,
		const struct cp_http_address *address)
{
	*w = (struct cp_http_workers){.host = host, .address = address};
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->done_fd < 0 ? -errno : 0;
}

/// The response

static int begin(void *arg, int status, const struct cprof_http_header *headers, size_t nheaders)
{
	struct cp_http_work *work = arg;
	struct evkeyvalq *out = evhttp_request_get_output_headers(work->evreq);
	work->status = status;
	for (size_t i = 0; i < nheaders; i++) {
		if (evhttp_add_header(out, headers[i].name, headers[i].value) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int write_body(void *arg, const void *data, size_t size)
{
	struct cp_http_work *work = arg;
	return evbuffer_add(work->body, data, size) < 0 ? -ENOMEM : 0;
}

static bool wait_for_client(void *arg, uint64_t timeout_ns)
{
	const struct cp_http_work *work = arg;
	const struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / CP_NS_PER_S),
			.tv_nsec = (long)(timeout_ns % CP_NS_PER_S)};
	struct pollfd client = {.fd = work->fd, .events = POLLRDHUP};
	int n = ppoll(&client, 1, &timeout, NULL);
	return n > 0 || (n < 0 && errno != EINTR);
}

/// Threads

static void serve(struct cp_http_workers *w, struct cp_http_work *work)
{
	const struct cprof_http_response response = {.begin = begin, .write = write_body, .arg = work};
	work->request.wait = wait_for_client;
	work->request.wait_arg = work;
	if (w->host->handle(&work->request, &response) < 0)
		work->status = 0; // half a body is none
}

static void tell_done(struct cp_http_workers *w, struct cp_http_work *work)
{
	pthread_mutex_lock(&w->lock);
	work->next = w->done;
	w->done = work;
	if (cp_http_is_open(w->address)) // else there is nobody to tell, and whose is done_fd?
		(void)!write(w->done_fd, &(uint64_t){1}, sizeof(uint64_t));
	pthread_mutex_unlock(&w->lock);
}

static void run_worker(void *arg)
{
	struct cp_http_workers *w = arg;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->waiting) {
			w->nidle++;
			pthread_cond_wait(&w->wake, &w->lock);
			w->nidle--;
		}
		struct cp_http_work *work = w->waiting;
		w->waiting = work->next;
		pthread_mutex_unlock(&w->lock);
		serve(w, work);
		tell_done(w, work);
		pthread_mutex_lock(&w->lock);
	}
}

bool cp_http_workers_give(struct cp_http_workers *w, struct cp_http_work *work)
{
	pthread_mutex_lock(&w->lock);
	int nwaiting = 0;
	for (const struct cp_http_work *one = w->waiting; one; one = one->next)
		nwaiting++;
	bool has_room = nwaiting < w->nidle;
	if (!has_room && w->nthreads < CP_HTTP_MAX_WORKERS && w->host->start_thread("cprof-http", run_worker, w) == 0) {
		w->nthreads++;
		has_room = true;
	}
	if (has_room) {
		work->next = w->waiting;
		w->waiting = work;
		pthread_cond_signal(&w->wake);
	}
	bool is_alone = !has_room && w->nthreads == 0; // the process may make no threads any more, as haproxy's may not
	pthread_mutex_unlock(&w->lock);
	if (is_alone) {
		serve(w, work);
		tell_done(w, work);
	}
	return has_room || is_alone;
}

struct cp_http_work *cp_http_workers_take_done(struct cp_http_workers *w)
{
	uint64_t count;
	(void)!read(w->done_fd, &count, sizeof(count));
	pthread_mutex_lock(&w->lock);
	struct cp_http_work *done = w->done;
	w->done = NULL;
	pthread_mutex_unlock(&w->lock);
	return done;
}
