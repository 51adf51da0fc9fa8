// SPDX-License-Identifier: MIT
// Context: CTL. See reply.h.
#include "reply.h"

#include <stdarg.h>
#include <string.h>

#include "write/vformat.h"

enum { MAX_HEADERS = 5, MAX_ERROR_BYTES = 256 };

static const char TEXT[] = "text/plain; charset=utf-8";

static void begin(struct cp_reply *r, int status, const struct cprof_http_header *headers, size_t nheaders)
{
	if (r->is_begun)
		return;
	r->is_begun = true;
	r->error = r->to->begin(r->to->arg, status, headers, nheaders);
}

static void flush(struct cp_reply *r)
{
	if (r->error == 0 && r->buffered > 0)
		r->error = r->to->write(r->to->arg, r->buffer, r->buffered);
	r->buffered = 0;
}

void cp_reply_begin(struct cp_reply *r, int status, const char *content_type, const char *filename)
{
	char disposition[128];
	struct cprof_http_header headers[MAX_HEADERS] = {
			{"X-Content-Type-Options", "nosniff"},
			{"Content-Type", content_type},
	};
	size_t n = 2;
	if (filename) {
		cp_format(disposition, sizeof(disposition), "attachment; filename=\"%s\"", filename);
		headers[n++] = (struct cprof_http_header){"Content-Disposition", disposition};
	}
	begin(r, status, headers, n);
}

void cp_reply_begin_page(struct cp_reply *r, const char *policy)
{
	const struct cprof_http_header headers[MAX_HEADERS] = {
			{"X-Content-Type-Options", "nosniff"},
			{"Content-Type", "text/html; charset=utf-8"},
			{"Content-Security-Policy", policy},
			{"Referrer-Policy", "no-referrer"},
	};
	begin(r, 200, headers, 4);
}

void cp_reply_error_with(struct cp_reply *r, int status, const char *header, const char *value, const char *text)
{
	const struct cprof_http_header headers[MAX_HEADERS] = {
			{"X-Content-Type-Options", "nosniff"},
			{"Content-Type", TEXT},
			{"X-Go-Pprof", "1"},
			{header, value},
	};
	if (r->is_begun)
		return; // too late: what is sent is sent
	begin(r, status, headers, header ? 4 : 3);
	cp_reply_text(r, text);
	cp_reply_text(r, "\n");
}

void cp_reply_error(struct cp_reply *r, int status, const char *fmt, ...)
{
	char text[MAX_ERROR_BYTES];
	va_list ap;
	va_start(ap, fmt);
	cp_vformat(text, sizeof(text), fmt, ap);
	va_end(ap);
	cp_reply_error_with(r, status, NULL, NULL, text);
}

void cp_reply_redirect(struct cp_reply *r, const char *location)
{
	const struct cprof_http_header headers[MAX_HEADERS] = {
			{"X-Content-Type-Options", "nosniff"},
			{"Location", location},
	};
	begin(r, 301, headers, 2);
}

int cp_reply_write(void *arg, const void *data, size_t size)
{
	struct cp_reply *r = arg;
	if (r->is_head || r->error)
		return r->error;
	if (size > sizeof(r->buffer) - r->buffered)
		flush(r);
	if (size > sizeof(r->buffer)) {
		if (r->error == 0)
			r->error = r->to->write(r->to->arg, data, size);
		return r->error;
	}
	memcpy(r->buffer + r->buffered, data, size);
	r->buffered += size;
	return r->error;
}

void cp_reply_text(struct cp_reply *r, const char *text)
{
	cp_reply_write(r, text, strlen(text));
}

void cp_reply_printf(struct cp_reply *r, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	size_t len = cp_vformat(line, sizeof(line), fmt, ap);
	va_end(ap);
	cp_reply_write(r, line, len);
}

int cp_reply_end(struct cp_reply *r)
{
	flush(r);
	return r->error;
}
