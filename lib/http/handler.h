// SPDX-License-Identifier: MIT
// Context: CTL. One request, as the routes see it.
#ifndef CPROF_HTTP_HANDLER_H
#define CPROF_HTTP_HANDLER_H

#include <cprof/http.h>

#include "reply.h"

enum { CP_HTTP_MAX_SECONDS = 300, CP_HTTP_NAME_BYTES = 256 };

struct cp_delta;

struct cp_exchange {
	const struct cprof_http_request *request;
	const struct cprof_http_options *options; // never NULL
	struct cp_reply reply;
};

/** As cprof_http_handle(). */
int cp_http_handle(const struct cprof_http_request *request, const struct cprof_http_response *response);

/** Sleeps for so long; true: the client has gone. */
bool cp_http_wait(const struct cp_exchange *x, uint64_t wait_ns);

/** False: it is longer than allowed, and said so. */
bool cp_http_may_take(struct cp_exchange *x, int64_t seconds);

/// index.c
void cp_http_index(struct cp_exchange *x);

/// trace.c
void cp_http_trace(struct cp_exchange *x);

/// health.c
/** A section of a page. */
void cp_http_put_health(struct cp_exchange *x);

/// rates.c
void cp_http_rates(struct cp_exchange *x);

/// profiles.c
void cp_http_cpu(struct cp_exchange *x);
/** name: decoded, whatever the client sent. */
void cp_http_named(struct cp_exchange *x, const char *name);
/** What the query asks for of profile `name` ("profile": the CPU's), into delta. False: the reply says why not. */
bool cp_http_collect(struct cp_exchange *x, const char *name, struct cp_delta *delta);

bool cp_http_takes_seconds(const char *name);

/// flamegraph.c
void cp_http_flamegraph(struct cp_exchange *x);

/// symbol.c
void cp_http_symbol(struct cp_exchange *x);

#endif
