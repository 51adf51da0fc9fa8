// SPDX-License-Identifier: MIT
// Context: CTL. See query.h.
#include "query.h"

#include <string.h>

#include "format/hex_digit.h"
#include "sigsafe/clock.h"

struct span {
	const char *ptr;
	size_t len;
};

bool cp_url_decode(const char *str, size_t len, bool is_query, char *out, size_t out_size)
{
	size_t used = 0;
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)str[i];
		if (c == '%') {
			int high = i + 2 < len ? hex_digit(str[i + 1]) : -1;
			int low = i + 2 < len ? hex_digit(str[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		} else if (c == '+' && is_query) {
			c = ' ';
		}
		if (c == 0 || used + 1 >= out_size)
			return false;
		out[used++] = (char)c;
	}
	if (out_size == 0)
		return false;
	out[used] = '\0';
	return true;
}

/** Takes the next pair off *query. False: there is none. */
static bool cut_pair(const char **query, struct span *key_out, struct span *value_out)
{
	const char *at = *query;
	if (!at || !*at)
		return false;
	size_t len = strcspn(at, "&");
	const char *equals = memchr(at, '=', len);
	*key_out = (struct span){at, equals ? (size_t)(equals - at) : len};
	*value_out = (struct span){equals ? equals + 1 : at + len, equals ? len - key_out->len - 1 : 0};
	if (memchr(at, ';', len)) // Go drops these: it was once a separator
		key_out->len = value_out->len = 0;
	*query = at + len + (at[len] == '&');
	return true;
}

static bool decode(struct span span, char *out, size_t size)
{
	return cp_url_decode(span.ptr, span.len, true, out, size);
}

bool cp_query_next(const char **query, struct cp_query_pair *pair)
{
	struct span key, value;
	if (!cut_pair(query, &key, &value))
		return false;
	if (!decode(key, pair->key, sizeof(pair->key)) || !decode(value, pair->value, sizeof(pair->value)))
		pair->key[0] = '\0';
	return true;
}

bool cp_query_find(const char *query, const char *key, char *value_out, size_t size)
{
	char name[CP_QUERY_KEY_BYTES];
	struct span name_span, value;
	while (cut_pair(&query, &name_span, &value)) {
		if (decode(name_span, name, sizeof(name)) && strcmp(name, key) == 0 && decode(value, value_out, size))
			return true;
	}
	return false;
}

bool cp_parse_int(const char *text, int64_t *value_out)
{
	bool is_negative = *text == '-';
	text += *text == '-' || *text == '+';
	if (*text == '\0')
		return false;
	int64_t value = 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > (INT64_MAX - (*text - '0')) / 10)
			return false;
		value = value * 10 + (*text - '0');
	}
	*value_out = is_negative ? -value : value;
	return true;
}

bool cp_parse_seconds(const char *text, uint64_t *ns_out)
{
	uint64_t ns = 0, unit_ns = CP_NS_PER_S;
	bool has_digits = false, is_fraction = false;
	for (; *text; text++) {
		if (*text == '.' && !is_fraction) {
			is_fraction = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		has_digits = true;
		uint64_t digit = (uint64_t)(*text - '0');
		if (is_fraction)
			unit_ns /= 10;
		else if (__builtin_mul_overflow(ns, 10, &ns))
			ns = UINT64_MAX;
		if (__builtin_add_overflow(ns, digit * unit_ns, &ns))
			ns = UINT64_MAX;
	}
	*ns_out = ns;
	return has_digits;
}
