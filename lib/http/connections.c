// SPDX-License-Identifier: MIT
// Context: CTL, the listener's thread. See connections.h.
#include "connections.h"

#include <sys/socket.h>

#include "sigsafe/clock.h"

static const uint64_t REQUEST_NS = 10 * CP_NS_PER_S, ANSWER_NS = 120 * CP_NS_PER_S;

static uint64_t now_ns(void)
{
	return cp_clock_ns(CP_CLOCK_MONOTONIC);
}

/** evhttp has freed its connection: what it set is unset. */
static bool is_ended(struct bufferevent *bev)
{
	bufferevent_data_cb on_read, on_write;
	bufferevent_event_cb on_event;
	bufferevent_getcb(bev, &on_read, &on_write, &on_event, NULL);
	return !on_read && !on_write && !on_event;
}

static void forget(struct cp_http_connection *one)
{
	bufferevent_decref(one->bev);
	one->bev = NULL;
}

/** evhttp sees the end of the stream, and closes. */
static void cut(struct cp_http_connection *one)
{
	shutdown(bufferevent_getfd(one->bev), SHUT_RDWR);
	forget(one);
}

static struct cp_http_connection *find(struct cp_http_connections *c, const struct bufferevent *bev)
{
	for (int i = 0; i < CP_HTTP_MAX_CONNECTIONS; i++) {
		if (c->at[i].bev == bev)
			return &c->at[i];
	}
	return NULL;
}

static struct cp_http_connection *make_place(struct cp_http_connections *c)
{
	struct cp_http_connection *oldest = NULL;
	for (int i = 0; i < CP_HTTP_MAX_CONNECTIONS; i++) {
		struct cp_http_connection *one = &c->at[i];
		if (one->deadline_ns != UINT64_MAX && (!oldest || one->serial < oldest->serial))
			oldest = one;
	}
	if (oldest)
		cut(oldest);
	return oldest;
}

void cp_http_connections_add(struct cp_http_connections *c, struct bufferevent *bev)
{
	struct cp_http_connection *place = find(c, NULL);
	if (!place) {
		cp_http_connections_sweep(c);
		place = find(c, NULL);
	}
	if (!place)
		place = make_place(c);
	if (!place)
		return; // there are fewer workers than places
	bufferevent_incref(bev);
	*place = (struct cp_http_connection){bev, now_ns() + REQUEST_NS, ++c->serial};
}

static void set_deadline(struct cp_http_connections *c, struct bufferevent *bev, uint64_t deadline_ns)
{
	struct cp_http_connection *one = bev ? find(c, bev) : NULL;
	if (one)
		one->deadline_ns = deadline_ns;
}

void cp_http_connections_serve(struct cp_http_connections *c, struct bufferevent *bev)
{
	set_deadline(c, bev, UINT64_MAX);
}

void cp_http_connections_answer(struct cp_http_connections *c, struct bufferevent *bev)
{
	set_deadline(c, bev, now_ns() + ANSWER_NS);
}

void cp_http_connections_sweep(struct cp_http_connections *c)
{
	uint64_t now = now_ns();
	for (int i = 0; i < CP_HTTP_MAX_CONNECTIONS; i++) {
		struct cp_http_connection *one = &c->at[i];
		if (one->bev && is_ended(one->bev))
			forget(one);
		else if (one->bev && one->deadline_ns <= now)
			cut(one);
	}
}
