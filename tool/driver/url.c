// SPDX-License-Identifier: MIT
// URLs of profiles (see url.h). What is a URL, and how its query is put together again (keys sorted,
// everything escaped), is pprof's rule, which is Go's: libcurl's parser would judge otherwise.
#include "url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

#include "query.h"

enum { DEFAULT_TIMEOUT_S = 60 };

// Stable: several values of one key stay in order.
static void sort_by_key(struct query *q)
{
	for (size_t i = 1; i < q->n; i++) {
		for (size_t j = i; j && strcmp(q->params[j - 1].key, q->params[j].key) > 0; j--) {
			struct query_param swapped = q->params[j];
			q->params[j] = q->params[j - 1];
			q->params[j - 1] = swapped;
		}
	}
}

static bool has_scheme(const char *s)
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
	if (!has_scheme(s) || !sep || strchr(s, ':') != sep)
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

size_t url_socket_len(const char *url)
{
	static const char scheme[] = "unix:";
	size_t scheme_len = sizeof(scheme) - 1;
	if (strncmp(url, scheme, scheme_len) != 0)
		return 0;
	const char *path = strstr(url, "/debug/");
	size_t len = strcspn(url, "?#");
	len = path && path < url + len ? (size_t)(path - url) : len;
	bool is_port = strspn(url + scheme_len, "0123456789") == len - scheme_len; // of a host of this name
	return is_port ? 0 : len;
}

/** Of a server's socket on this machine, which is what `run -http unix:PATH` serves at. */
static bool split_socket(const char *s, struct parts *out)
{
	size_t len = url_socket_len(s);
	struct str rest = str_from(s + len);
	*out = (struct parts){.scheme = {s, len}};
	struct str before_fragment = str_cut(&rest, '#');
	out->path = str_cut(&before_fragment, '?');
	out->query = before_fragment;
	return len > 0;
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

// What a user may leave as it is, libcurl takes for no URL: "/a b" is "/a%20b".
static const char *escape_path(struct arena *a, struct str path)
{
	char *out = arena_alloc(a, 3 * path.len + 1, 1), *end = out;
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		if ((c < 0x80 && isalnum(c)) || strchr("-_.~!$&'()*+,;=:@[]/%", c))
			*end++ = (char)c;
		else
			end += sprintf(end, "%%%02X", c);
	}
	*end = '\0';
	return out;
}

struct profile_url profile_url_of(struct arena *a, const char *source, const char *default_path, int seconds,
		int timeout_s)
{
	struct parts u;
	struct profile_url none = {NULL, 0};
	bool is_path = *source == '/' || strncmp(source, "file:", 5) == 0;
	bool is_socket = split_socket(source, &u);
	if (!is_socket && !split(source, &u)) {
		// host:port/path reads as a scheme and so has a second chance; a name without a
		// colon, or with a slash before it, is no URL at all.
		if (is_path || source[strcspn(source, ":/")] != ':')
			return none;
		if (!split(arena_printf(a, "http://%s", source), &u))
			return none;
	}
	if (str_eq(u.scheme, STR("file")) || !has_valid_port(u.authority))
		return none;

	if (u.path.len == 0 || str_eq(u.path, STR("/")))
		u.path = str_from(default_path);
	struct query q;
	query_parse(a, u.query, &q); // Go, too, drops silently what is malformed
	int64_t in_url = 0;
	if (seconds > 0)
		q = query_with(a, &q, "seconds", arena_printf(a, "%d", seconds));
	else if (num_parse_int(query_get(&q, "seconds"), 10, 32, &in_url) == NUM_OK)
		seconds = (int)in_url;
	if (timeout_s <= 0)
		timeout_s = seconds > 0 ? seconds + seconds / 2 : DEFAULT_TIMEOUT_S;
	sort_by_key(&q);
	return (struct profile_url){
			.text = arena_printf(a, "%.*s%s%.*s%s%s%s%.*s", STR_FMT(u.scheme), is_socket ? "" : "://",
					STR_FMT(u.authority),
					escape_path(a, u.path), query_text(a, &q), u.fragment.len ? "#" : "",
					STR_FMT(u.fragment)),
			.timeout_s = timeout_s,
	};
}
