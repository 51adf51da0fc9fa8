// SPDX-License-Identifier: MIT
// Reading and writing numbers (see num.h).
#include "num.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

// Where base is 0: what the prefix says, and the digits behind it.
static const char *take_prefix(const char *s, int *base)
{
	*base = 10;
	if (s[0] != '0')
		return s;
	switch (s[1] | 0x20) {
	case 'x':
		*base = 16;
		return s + 2;
	case 'b':
		*base = 2;
		return s + 2;
	case 'o':
		*base = 8;
		return s + 2;
	}
	if (s[1] == '\0')
		return s;
	*base = 8;
	return s + 1;
}

// Underscores may only stand between digits, or between a base prefix and a digit.
static enum num_status accumulate(const char *s, int base, bool underscores, bool after_prefix,
		uint64_t *out)
{
	uint64_t v = 0;
	bool overflow = false, digit_before = after_prefix, any = false;
	for (; *s; s++) {
		if (*s == '_' && underscores && digit_before && s[1]) {
			digit_before = false;
			continue;
		}
		int d = digit_of(*s);
		if (d >= base)
			return NUM_SYNTAX;
		overflow |= __builtin_mul_overflow(v, (uint64_t)base, &v);
		overflow |= __builtin_add_overflow(v, (uint64_t)d, &v);
		digit_before = any = true;
	}
	if (!any)
		return NUM_SYNTAX;
	*out = v;
	return overflow ? NUM_RANGE : NUM_OK;
}

enum num_status num_parse_int(const char *s, int base, int bits, int64_t *out)
{
	bool negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	const char *digits = s;
	bool any_base = base == 0;
	if (any_base)
		digits = take_prefix(s, &base);
	uint64_t v = 0;
	enum num_status st = accumulate(digits, base, any_base, digits != s, &v);
	if (st == NUM_SYNTAX)
		return st;
	uint64_t limit = (UINT64_C(1) << (bits - 1)) - !negative;
	if (st == NUM_RANGE || v > limit) {
		v = limit;
		st = NUM_RANGE;
	}
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return st;
}

static bool is_infinity_or_nan(const char *s)
{
	bool has_sign = *s == '+' || *s == '-';
	const char *word = s + has_sign;
	return strcasecmp(word, "inf") == 0 || strcasecmp(word, "infinity") == 0 ||
	       (!has_sign && strcasecmp(word, "nan") == 0);
}

enum num_status num_parse_float(const char *s, double *out)
{
	// strtod takes more than Go: white space, "nan(…)", hexadecimals without an exponent.
	if (!is_infinity_or_nan(s)) {
		const char *digits = s + (*s == '+' || *s == '-');
		bool is_hex = digits[0] == '0' && (digits[1] | 0x20) == 'x';
		if (!isdigit((unsigned char)*digits) && *digits != '.')
			return NUM_SYNTAX;
		if (is_hex && !strpbrk(digits, "pP"))
			return NUM_SYNTAX;
	}
	static locale_t c_locale;
	if (!c_locale)
		c_locale = newlocale(LC_ALL_MASK, "C", NULL);
	char *end;
	errno = 0;
	double v = strtod_l(s, &end, c_locale);
	if (end == s || *end)
		return NUM_SYNTAX;
	*out = v;
	return errno == ERANGE && isinf(v) ? NUM_RANGE : NUM_OK;
}

bool num_parse_bool(const char *s, bool *out)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
			*out = strcmp(s, yes[i]) == 0;
			return true;
		}
	}
	return false;
}

char *num_format_float(struct arena *a, double v)
{
	if (isnan(v))
		return arena_strdup(a, "NaN");
	if (isinf(v))
		return arena_strdup(a, v > 0 ? "+Inf" : "-Inf");
	char shortest[32];
	for (int precision = 0; precision < 18; precision++) {
		snprintf(shortest, sizeof(shortest), "%.*e", precision, v);
		if (strtod(shortest, NULL) == v)
			break;
	}
	const char *e = strchr(shortest, 'e');
	int exponent = atoi(e + 1);
	if (exponent < -4 || exponent > 5)
		return arena_strdup(a, shortest);
	int digits_after = (int)(e - shortest) - (v < 0) - 1 - exponent;
	if (strchr(shortest, '.'))
		digits_after--;
	return arena_printf(a, "%.*f", digits_after > 0 ? digits_after : 0, v);
}

const char *num_status_text(enum num_status s)
{
	return s == NUM_RANGE ? "value out of range" : "invalid syntax";
}
