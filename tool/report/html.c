// SPDX-License-Identifier: MIT
// See html.h.
#include "tool/report/html.h"

static const char *entity(char c)
{
	switch (c) {
	case '\0':
		return "\xef\xbf\xbd";
	case '"':
		return "&#34;";
	case '&':
		return "&amp;";
	case '\'':
		return "&#39;";
	case '+':
		return "&#43;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	default:
		return NULL;
	}
}

void put_html(struct buf *out, struct str text)
{
	size_t from = 0;
	for (size_t i = 0; i < text.len; i++) {
		const char *e = entity(text.ptr[i]);
		if (!e)
			continue;
		buf_append(out, text.ptr + from, i - from);
		buf_cstr(out, e);
		from = i + 1;
	}
	buf_append(out, text.ptr + from, text.len - from);
}
