// SPDX-License-Identifier: MIT
// URLs of profiles (see url.h). What is a URL, and how its query is put together again (keys sorted,
// everything escaped), is pprof's rule, which is Go's: libcurl's parser would judge otherwise.
#include "url.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/str.h"

enum { DEFAULT_TIMEOUT_S = 60 };

struct param {
	char *key, *value; // unescaped
};

struct query {
	struct arena *arena;
	struct param *params;
	size_t n;
};

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

static char *unescape(struct arena *a, struct str s)
{
	char *out = arena_strndup(a, s.ptr, s.len);
	size_t len = 0;
	for (size_t i = 0; i < s.len; i++) {
		bool is_escape = s.ptr[i] == '%' && i + 2 < s.len &&
				isxdigit((unsigned char)s.ptr[i + 1]) &&
				isxdigit((unsigned char)s.ptr[i + 2]);
		if (is_escape) {
			out[len++] = (char)(hex_digit(s.ptr[i + 1]) << 4 | hex_digit(s.ptr[i + 2]));
			i += 2;
		} else {
			out[len++] = s.ptr[i] == '+' ? ' ' : s.ptr[i];
		}
	}
	out[len] = '\0';
	return out;
}

static struct query query_parse(struct arena *a, const char *text)
{
	size_t max = 2;
	for (const char *p = text; *p; p++)
		max += *p == '&';
	struct query q = {.arena = a, .params = arena_array(a, struct param, max)};
	struct str rest = str_from(text);
	while (rest.len) {
		struct str value = str_cut(&rest, '&');
		if (!value.len)
			continue;
		struct str key = str_cut(&value, '=');
		q.params[q.n++] = (struct param){unescape(a, key), unescape(a, value)};
	}
	return q;
}

static const char *query_get(const struct query *q, const char *key)
{
	for (size_t i = 0; i < q->n; i++) {
		if (strcmp(q->params[i].key, key) == 0)
			return q->params[i].value;
	}
	return "";
}

static void query_set(struct query *q, const char *key, char *value)
{
	size_t kept = 0;
	for (size_t i = 0; i < q->n; i++) {
		if (strcmp(q->params[i].key, key) != 0)
			q->params[kept++] = q->params[i];
	}
	q->n = kept;
	q->params[q->n++] = (struct param){arena_strdup(q->arena, key), value};
}

static void escape(struct buf *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (isalnum(c) || strchr("-_.~", c))
			buf_byte(out, *s);
		else if (c == ' ')
			buf_byte(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}

static char *query_text(const struct query *q)
{
	// Stable and by key: several values of one key stay in order.
	for (size_t i = 1; i < q->n; i++) {
		for (size_t j = i; j && strcmp(q->params[j - 1].key, q->params[j].key) > 0; j--) {
			struct param swapped = q->params[j];
			q->params[j] = q->params[j - 1];
			q->params[j - 1] = swapped;
		}
	}
	struct buf out = {0};
	for (size_t i = 0; i < q->n; i++) {
		buf_cstr(&out, i ? "&" : "");
		escape(&out, q->params[i].key);
		buf_byte(&out, '=');
		escape(&out, q->params[i].value);
	}
	char *text = arena_strndup(q->arena, out.ptr ? out.ptr : "", out.len);
	buf_deinit(&out);
	return text;
}

bool url_is_absolute(const char *s)
{
	if (!isalpha((unsigned char)*s))
		return false;
	while (isalnum((unsigned char)*s) || (*s && strchr("+-.", *s)))
		s++;
	return *s == ':';
}

// scheme://host/path?query#fragment; false where there is no host in it.
struct parts {
	struct str scheme, authority, path, query, fragment;
};

static bool split(const char *s, struct parts *out)
{
	const char *sep = strstr(s, "://");
	if (!url_is_absolute(s) || !sep || strchr(s, ':') != sep)
		return false;
	for (const char *p = s; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	struct str rest = str_from(sep + 3);
	*out = (struct parts){.scheme = {s, (size_t)(sep - s)}};
	size_t len = strcspn(rest.ptr, "/?#");
	out->authority = str_slice(rest, 0, len);
	rest = str_slice(rest, len, rest.len);
	struct str before_fragment = str_cut(&rest, '#');
	out->fragment = rest;
	out->path = str_cut(&before_fragment, '?');
	out->query = before_fragment;
	return out->authority.len > 0;
}

// "host:8080" counts in Go as a host with a port only where the port is a number.
static bool has_valid_port(struct str authority)
{
	const char *at = memrchr(authority.ptr, '@', authority.len);
	struct str host = at ? str_slice(authority, (size_t)(at - authority.ptr) + 1, authority.len)
			     : authority;
	const char *colon = memrchr(host.ptr, ':', host.len);
	const char *bracket = memrchr(host.ptr, ']', host.len);
	if (!colon || (bracket && bracket > colon))
		return true;
	for (const char *p = colon + 1; p < authority.ptr + authority.len; p++) {
		if (!isdigit((unsigned char)*p))
			return false;
	}
	return true;
}

struct profile_url profile_url_of(struct arena *a, const char *source, int seconds, int timeout_s)
{
	struct parts u;
	struct profile_url none = {NULL, 0};
	bool is_path = *source == '/' || strncmp(source, "file:", 5) == 0;
	if (!split(source, &u)) {
		// host:port/path reads as a scheme and so has a second chance; a name without a
		// colon, or with a slash before it, is no URL at all.
		if (is_path || source[strcspn(source, ":/")] != ':')
			return none;
		if (!split(arena_printf(a, "http://%s", source), &u))
			return none;
	}
	if (str_eq(u.scheme, STR("file")) || !has_valid_port(u.authority))
		return none;

	struct query q = query_parse(a, arena_strndup(a, u.query.ptr, u.query.len));
	int64_t in_url = 0;
	if (seconds > 0)
		query_set(&q, "seconds", arena_printf(a, "%d", seconds));
	else if (num_parse_int(query_get(&q, "seconds"), 10, 32, &in_url) == NUM_OK)
		seconds = (int)in_url;
	if (timeout_s <= 0)
		timeout_s = seconds > 0 ? seconds + seconds / 2 : DEFAULT_TIMEOUT_S;
	char *query = query_text(&q);
	return (struct profile_url){
			.text = arena_printf(a, "%.*s://%.*s%.*s%s%s%s%.*s", STR_FMT(u.scheme),
					STR_FMT(u.authority), STR_FMT(u.path), *query ? "?" : "",
					query, u.fragment.len ? "#" : "", STR_FMT(u.fragment)),
			.timeout_s = timeout_s,
	};
}
