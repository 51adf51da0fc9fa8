// SPDX-License-Identifier: MIT
// Context: CTL, the listener's thread. How long and how many: what evhttp does not watch. Its timeouts are
// for silence; a client that sends a byte now and then (slow-loris) needs a deadline.
#ifndef CPROF_HTTP_CONNECTIONS_H
#define CPROF_HTTP_CONNECTIONS_H

#include <event2/bufferevent.h>
#include <stdint.h>

enum { CP_HTTP_MAX_CONNECTIONS = 64 };

struct cp_http_connection {
	struct bufferevent *bev; // NULL: a free place. Referred to, so that it does not vanish
	uint64_t deadline_ns;    // UINT64_MAX: it is served
	uint64_t serial;         // the oldest goes first
};

struct cp_http_connections {
	struct cp_http_connection at[CP_HTTP_MAX_CONNECTIONS];
	uint64_t serial;
};

/** A new one. Where there is no room, the oldest that is not being served is cut. */
void cp_http_connections_add(struct cp_http_connections *c, struct bufferevent *bev);

/** Its request is complete and is served for as long as it takes. */
void cp_http_connections_serve(struct cp_http_connections *c, struct bufferevent *bev);

/** The response is on its way, which may take some time, as may the next request. */
void cp_http_connections_answer(struct cp_http_connections *c, struct bufferevent *bev);

/** Forgets those that ended, cuts those whose time is over. To be called now and then. */
void cp_http_connections_sweep(struct cp_http_connections *c);

#endif
