// SPDX-License-Identifier: MIT
// Queries of URLs (see query.h).
#include "query.h"

#include <string.h>

#include "base/hex.h"

static struct err *decode(struct arena *a, struct str text, const char **out)
{
	char *to = arena_strndup(a, text.ptr ? text.ptr : "", text.len);
	*out = to;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '%') {
			uint64_t byte;
			if (hex_decode(str_slice(text, i + 1, i + 3), &byte) != 2)
				return err_new(a, "invalid URL escape in the query");
			c = (char)byte;
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		if (!c)
			return err_new(a, "NUL byte in the query");
		*to++ = c;
	}
	*to = '\0';
	return NULL;
}

struct err *query_parse(struct arena *a, struct str text, struct query *out)
{
	size_t cap = 1;
	for (size_t i = 0; i < text.len; i++)
		cap += text.ptr[i] == '&';
	*out = (struct query){arena_array(a, struct query_param, cap), 0};
	struct err *first = NULL;
	while (text.len) {
		struct str value = str_cut(&text, '&');
		if (!value.len)
			continue;
		struct str key = str_cut(&value, '=');
		struct query_param *p = &out->params[out->n];
		struct err *e = decode(a, key, &p->key);
		if (!e)
			e = decode(a, value, &p->value);
		if (!e)
			out->n++;
		else if (!first)
			first = e;
	}
	return first;
}

const char *query_get(const struct query *q, const char *key)
{
	for (size_t i = 0; i < q->n; i++) {
		if (strcmp(q->params[i].key, key) == 0)
			return q->params[i].value;
	}
	return "";
}

struct query query_with(struct arena *a, const struct query *q, const char *key, const char *value)
{
	struct query out = {arena_array(a, struct query_param, q->n + 1), 0};
	for (size_t i = 0; i < q->n; i++) {
		if (strcmp(q->params[i].key, key) != 0)
			out.params[out.n++] = q->params[i];
	}
	if (*value)
		out.params[out.n++] = (struct query_param){key, value};
	return out;
}

void query_put_escaped(struct buf *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool is_plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
				strchr("-_.~", c);
		if (is_plain)
			buf_byte(out, (char)c);
		else if (c == ' ')
			buf_byte(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}

const char *query_text(struct arena *a, const struct query *q)
{
	struct buf out = {0};
	for (size_t i = 0; i < q->n; i++) {
		buf_byte(&out, i ? '&' : '?');
		query_put_escaped(&out, q->params[i].key);
		buf_byte(&out, '=');
		query_put_escaped(&out, q->params[i].value);
	}
	const char *text = arena_strndup(a, out.len ? out.ptr : "", out.len);
	buf_deinit(&out);
	return text;
}
