// SPDX-License-Identifier: MIT
// See textlines.h.
#include "tool/profile/textlines.h"

enum { MAX_LINE_BYTES = 65536 };

bool textlines_next(struct textlines *lines)
{
	struct str rest = lines->rest;
	lines->line = STR("");
	if (!rest.len || lines->is_too_long)
		return false;
	const char *end = memchr(rest.ptr, '\n', rest.len < MAX_LINE_BYTES ? rest.len : MAX_LINE_BYTES);
	if (!end && rest.len >= MAX_LINE_BYTES) {
		lines->is_too_long = true;
		return false;
	}
	size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
	lines->rest = str_slice(rest, len + 1, rest.len);
	if (len && rest.ptr[len - 1] == '\r')
		len--;
	lines->line = str_slice(rest, 0, len);
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str trim_space(struct str s)
{
	size_t begin = 0, end = s.len;
	while (begin < end && is_space(s.ptr[begin]))
		begin++;
	while (begin < end && is_space(s.ptr[end - 1]))
		end--;
	return str_slice(s, begin, end);
}

bool is_blank_or_comment(struct str line)
{
	line = trim_space(line);
	return !line.len || line.ptr[0] == '#';
}

bool str_contains(struct str s, struct str part)
{
	return s.len >= part.len && memmem(s.ptr, s.len, part.ptr, part.len);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

enum number_status { NUMBER_OK, NUMBER_SYNTAX, NUMBER_RANGE };

/* Digits without a sign. Base 0: 0x, 0o, 0b or a leading 0 tell; underscores are not taken. */
static enum number_status parse_digits(struct str s, unsigned base, uint64_t *value_out)
{
	uint64_t value = 0;
	enum number_status status = NUMBER_OK;
	if (!base) {
		char kind = s.len > 2 && s.ptr[0] == '0' ? (char)(s.ptr[1] | 0x20) : 0;
		base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
		if (base != 10)
			s = str_slice(s, 2, s.len);
		else if (s.len > 1 && s.ptr[0] == '0')
			base = 8;
	}
	if (!s.len)
		return NUMBER_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)digit_value(s.ptr[i]);
		if (digit >= base)
			return NUMBER_SYNTAX;
		if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value))
			status = NUMBER_RANGE;
	}
	*value_out = value;
	return status;
}

static struct err *number_error(struct arena *a, const char *function, struct str s,
		enum number_status status)
{
	if (status == NUMBER_OK)
		return NULL;
	return err_new(a, "strconv.%s: parsing \"%.*s\": %s", function, STR_FMT(s),
			status == NUMBER_RANGE ? "value out of range" : "invalid syntax");
}

struct err *parse_uint(struct arena *a, struct str s, unsigned base, uint64_t *value_out)
{
	return number_error(a, "ParseUint", s, parse_digits(s, base, value_out));
}

struct err *parse_int(struct arena *a, struct str s, unsigned base, int64_t *value_out)
{
	uint64_t value = 0;
	bool sign = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'), negative = sign && s.ptr[0] == '-';
	enum number_status status = parse_digits(str_slice(s, sign, s.len), base, &value);
	if (status == NUMBER_OK && value > (uint64_t)INT64_MAX + negative)
		status = NUMBER_RANGE;
	*value_out = (int64_t)(negative ? -value : value);
	return number_error(a, "ParseInt", s, status);
}
