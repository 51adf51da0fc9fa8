// SPDX-License-Identifier: MIT
// Context: CTL. Threads that answer requests, so that a profile of 30 seconds keeps nobody waiting.
#ifndef CPROF_HTTP_WORKER_H
#define CPROF_HTTP_WORKER_H

#include <event2/buffer.h>
#include <event2/http.h>
#include <pthread.h>

#include "address.h"

enum { CP_HTTP_MAX_WORKERS = 16 };

/** A request on its way through a worker. */
struct cp_http_work {
	struct cp_http_work *next; // in a list
	struct evhttp_request *evreq;
	struct evbuffer *body; // of the response
	int fd;                // of the client
	int status;            // 0: nothing was begun
	struct cprof_http_request request;
};

struct cp_http_workers {
	const struct cp_http_host *host;
	const struct cp_http_address *address;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct cp_http_work *waiting, *done;
	int nthreads, nidle;
	int done_fd; // an eventfd: something is done
};

/** 0 or a negative errno. done_fd is readable when something is done. */
int cp_http_workers_init(struct cp_http_workers *w, const struct cp_http_host *host,
		const struct cp_http_address *address);

/** False: all are busy, or no more threads could be started; the work is still the caller's. Where none could, it is
 *  done before this returns. */
bool cp_http_workers_give(struct cp_http_workers *w, struct cp_http_work *work);

/** All that is done, as a list. Empties done_fd. */
struct cp_http_work *cp_http_workers_take_done(struct cp_http_workers *w);

#endif
