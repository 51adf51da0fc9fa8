// SPDX-License-Identifier: MIT
// cprof -http: a profile as web pages. The profile stays open; every page is made afresh from a view of it
// with the options in its URL, so a page has no state and a link to it is the page.
//
//	server.c   sockets, by libevent
//	exchange.c HTTP: a request until it is answered
//	errands.c  graphviz and objdump, which work meanwhile
//	answer.c   a request in, a response out: guards, redirects, which page; no socket (tests, fuzz/)
//	page.c     what all pages share; page_*.c the pages
#ifndef CPROF_TOOL_WEB_H
#define CPROF_TOOL_WEB_H

#include "tool/driver/analysis.h"

/** Serves the session's profile at host:port (each may be empty) until the process is ended. Says where,
 *  and shows it in a browser unless told not to or started without a terminal. */
struct err *web_serve(struct arena *a, const struct session *s, const struct config *config,
		const char *address, bool no_browser);

#endif
