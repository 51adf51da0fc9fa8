// SPDX-License-Identifier: MIT
// Building struct err messages.
#include "err.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

static char *format(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	char *p = arena_alloc(a, (size_t)len + 1, 1);
	vsnprintf(p, (size_t)len + 1, fmt, again);
	va_end(again);
	return p;
}

struct err *err_new(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct err *e = arena_new(a, struct err);
	e->message = format(a, fmt, ap);
	va_end(ap);
	return e;
}

const char *err_os(struct arena *a, int errnum)
{
	char *text = arena_strdup(a, strerror(errnum));
	// Only the first letter differs from Go's texts, which scripts know; abbreviations stay ("I/O").
	if (text[0] && text[1] && islower((unsigned char)text[1]))
		text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

struct err *err_wrap(struct arena *a, struct err *e, const char *fmt, ...)
{
	if (!e)
		return NULL;
	va_list ap;
	va_start(ap, fmt);
	const char *context = format(a, fmt, ap);
	va_end(ap);
	return err_new(a, "%s: %s", context, e->message);
}
