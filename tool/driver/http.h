// SPDX-License-Identifier: MIT
// Asking HTTP servers: for profiles, and for the names of addresses (symbolz). Every function may run
// on several threads at once.
#ifndef CPROF_TOOL_DRIVER_HTTP_H
#define CPROF_TOOL_DRIVER_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include "request.h"

/** The body of a 200 answer; https+insecure:// checks no certificate. Errors in pprof's words. */
struct err *http_get(struct arena *a, const struct tls_files *tls, const char *url, int timeout_s,
		struct buf *body_out);

/** To be sent by POST. */
struct http_upload {
	const char *url;
	const char *headers[3]; // whole lines; NULL: none
	const char *user;       // "name:password", for basic authentication; NULL: none
	struct str body;
	int timeout_s;
};

/** Returns the answer's status, 0: there was none. What is not 2xx is an error, too. */
long http_send(struct arena *a, const struct http_upload *upload, struct err **error_out);

struct err *http_post(struct arena *a, const struct tls_files *tls, const char *url, struct str body,
		struct buf *answer_out);

#endif
