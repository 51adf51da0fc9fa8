// SPDX-License-Identifier: MIT
// Context: CTL. See query.h.
#include "query.h"

#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

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

bool cp_query_find(const char *query, const char *key, char *value_out, size_t size)
{
	char name[32];
	for (const char *at = query; at && *at;) {
		size_t len = strcspn(at, "&");
		const char *equals = memchr(at, '=', len);
		size_t name_len = equals ? (size_t)(equals - at) : len;
		const char *value = equals ? equals + 1 : at + len;
		size_t value_len = (size_t)(at + len - value);
		// Go drops pairs with a semicolon, which was once a separator.
		if (!memchr(at, ';', len) && cp_url_decode(at, name_len, true, name, sizeof(name)) &&
				strcmp(name, key) == 0 &&
				cp_url_decode(value, value_len, true, value_out, size))
			return true;
		at += len + (at[len] == '&');
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
