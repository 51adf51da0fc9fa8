// SPDX-License-Identifier: MIT
// Context: CTL. The answer to one request: Go's headers and statuses, and a body in parts.
#ifndef CPROF_HTTP_REPLY_H
#define CPROF_HTTP_REPLY_H

#include <cprof/http.h>

enum { CP_REPLY_BUFFER_BYTES = 2048 };

struct cp_reply {
	const struct cprof_http_response *to;
	bool is_head; // no body
	bool is_begun;
	int error; // of `to`, the first
	size_t buffered;
	char buffer[CP_REPLY_BUFFER_BYTES]; // so that lines are not handed on one by one
};

/** The head. `filename` of the attachment may be NULL: none. */
void cp_reply_begin(struct cp_reply *r, int status, const char *content_type, const char *filename);

/** The head of a page; policy: which scripts it may run (Content-Security-Policy). */
void cp_reply_begin_page(struct cp_reply *r, const char *policy);

/** text/plain, X-Go-Pprof, and the text with a newline. */
void cp_reply_error(struct cp_reply *r, int status, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

/** As cp_reply_error(), with one more header. */
void cp_reply_error_with(struct cp_reply *r, int status, const char *header, const char *value, const char *text);

void cp_reply_redirect(struct cp_reply *r, const char *location);

/** A cprof_writer's function. arg: the reply. */
int cp_reply_write(void *arg, const void *data, size_t size);

void cp_reply_text(struct cp_reply *r, const char *text);
void cp_reply_printf(struct cp_reply *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** What is still buffered; returns the first error there was. */
int cp_reply_end(struct cp_reply *r);

#endif
