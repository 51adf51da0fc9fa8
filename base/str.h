// SPDX-License-Identifier: MIT
// Counted strings: bytes that may hold anything, not NUL-terminated, never owned.
#ifndef CPROF_BASE_STR_H
#define CPROF_BASE_STR_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *ptr;
	size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
// For printf's %.*s
#define STR_FMT(s) (int)(s).len, (s).ptr

static inline struct str str_from(const char *cstr)
{
	return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_has_prefix(struct str s, struct str prefix)
{
	return s.len >= prefix.len && memcmp(s.ptr, prefix.ptr, prefix.len) == 0;
}

static inline bool str_has_suffix(struct str s, struct str suffix)
{
	return s.len >= suffix.len && memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0;
}

/** Byte order, then length: Go's string comparison. */
static inline int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
	return c ? c : (a.len > b.len) - (a.len < b.len);
}

/** [from, to) of s, clamped to its ends. */
static inline struct str str_slice(struct str s, size_t from, size_t to)
{
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	return (struct str){s.ptr + from, to - from};
}

/** Without the blanks at both ends. */
static inline struct str str_trim(struct str s)
{
	while (s.len && isspace((unsigned char)s.ptr[s.len - 1]))
		s.len--;
	while (s.len && isspace((unsigned char)s.ptr[0]))
		s = str_slice(s, 1, s.len);
	return s;
}

/** Splits at the first `sep`: returns what is before it and leaves what is after in *rest. */
static inline struct str str_cut(struct str *rest, char sep)
{
	const char *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;
	struct str head = *rest;
	if (at) {
		head.len = (size_t)(at - rest->ptr);
		*rest = (struct str){at + 1, rest->len - head.len - 1};
	} else {
		*rest = (struct str){rest->ptr + rest->len, 0};
	}
	return head;
}

#endif
