// SPDX-License-Identifier: MIT
// See regex_syntax.h. The two syntaxes differ little, but each takes what the other refuses (Go has no
// backreferences, lookaround, possessive quantifiers, (*VERBS); PCRE reads \v, \s and \h its own way), so
// the pattern is parsed, checked and written anew.
#include "tool/profile/regex_syntax.h"

#include <stdbool.h>

#include "base/utf8.h"

enum { MAX_REPEAT = 1000, MAX_DEPTH = 1000, MAX_RUNE = 0x10ffff, BAD_RUNE = -1 };

struct parser {
	struct arena *arena;
	struct str pattern;
	const char *at, *end;
	struct buf *out;
	unsigned depth; // open groups
	bool can_repeat; // something is there for * to repeat
	const char *last_repeat; // where a repetition began that ended just here
	struct err *err;
};

static bool fail(struct parser *s, const char *what, const char *from, const char *to)
{
	if (!s->err)
		s->err = err_new(s->arena, "error parsing regexp: %s: `%.*s`", what, (int)(to - from), from);
	return false;
}

static bool at_char(const struct parser *s, size_t offset, char c)
{
	return (size_t)(s->end - s->at) > offset && s->at[offset] == c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int32_t next_rune(struct parser *s)
{
	unsigned n = utf8_sequence(s->at, s->end);
	if (!n) {
		fail(s, "invalid UTF-8", s->pattern.ptr, s->end);
		return BAD_RUNE;
	}
	static const unsigned char first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	int32_t rune = (unsigned char)*s->at & first_mask[n];
	for (unsigned i = 1; i < n; i++)
		rune = rune << 6 | ((unsigned char)s->at[i] & 0x3f);
	s->at += n;
	return rune;
}

static void put_rune(struct parser *s, int32_t rune)
{
	if (rune < 0x80 && is_alnum((char)rune))
		buf_byte(s->out, (char)rune);
	else
		buf_printf(s->out, "\\x{%x}", (unsigned)rune);
}

static int hex_value(char c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int32_t bad_escape(struct parser *s, const char *from)
{
	fail(s, "invalid escape sequence", from, s->at);
	return BAD_RUNE;
}

/* The value of the digit there, which is passed, as is what is none; -1: none. */
static int next_hex_digit(struct parser *s)
{
	int value = s->at < s->end ? hex_value(*s->at) : -1;
	if (s->at < s->end)
		next_rune(s);
	return value;
}

/* After \x. An error quotes as far as Go has read: two characters, or in braces up to the first that is wrong. */
static int32_t parse_hex(struct parser *s, const char *from)
{
	int32_t rune = 0;
	if (!at_char(s, 0, '{')) {
		int high = next_hex_digit(s), low = next_hex_digit(s);
		return high < 0 || low < 0 ? bad_escape(s, from) : high * 16 + low;
	}
	for (const char *first = ++s->at; !at_char(s, 0, '}') || s->at == first;) {
		int digit = next_hex_digit(s);
		rune = rune * 16 + digit;
		if (digit < 0 || rune > MAX_RUNE)
			return bad_escape(s, from);
	}
	s->at++;
	return rune;
}

/* An escape that stands for one character; s->at is at the backslash. */
static int32_t parse_escape(struct parser *s)
{
	const char *from = s->at++;
	if (s->at == s->end) {
		fail(s, "trailing backslash at end of expression", s->end, s->end);
		return BAD_RUNE;
	}
	int32_t c = next_rune(s);
	switch (c) {
	case '1': case '2': case '3': case '4': case '5': case '6': case '7':
		if (s->at == s->end || *s->at < '0' || *s->at > '7')
			break; // a backreference
		// fall through
	case '0': {
		int32_t rune = c - '0';
		for (unsigned i = 0; i < 2 && s->at < s->end && *s->at >= '0' && *s->at <= '7'; i++)
			rune = rune * 8 + (*s->at++ - '0');
		return rune;
	}
	case 'x': return parse_hex(s, from);
	case 'a': return 7;
	case 'f': return 12;
	case 'n': return 10;
	case 'r': return 13;
	case 't': return 9;
	case 'v': return 11;
	default:
		if (c >= 0 && c < 0x80 && !is_alnum((char)c))
			return c;
	}
	return bad_escape(s, from);
}

/* Whether it may be one: PCRE has more to say in such a place, "Script=Greek". */
static bool is_class_name(struct str name)
{
	if (str_has_prefix(name, STR("^")))
		name = str_slice(name, 1, name.len);
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.ptr[i]) && !strchr("_- ", name.ptr[i]))
			return false;
	return name.len > 0;
}

/* \pN, \p{Greek}, \P, as they are: PCRE knows the names. False where there is none. */
static bool parse_unicode_class(struct parser *s)
{
	if (!at_char(s, 0, '\\') || (!at_char(s, 1, 'p') && !at_char(s, 1, 'P')))
		return false;
	const char *from = s->at;
	s->at += 2;
	if (s->at == s->end)
		return fail(s, "invalid character class range", from, s->end);
	bool is_name;
	if (*s->at == '{') {
		const char *close = memchr(s->at, '}', (size_t)(s->end - s->at));
		if (!close)
			return fail(s, "invalid character class range", from, s->end);
		is_name = is_class_name((struct str){s->at + 1, (size_t)(close - s->at - 1)});
		s->at = close + 1;
	} else {
		is_name = strchr("CLMNPSZ", *s->at) != NULL;
		next_rune(s);
	}
	if (!s->err && !is_name)
		return fail(s, "invalid character class range", from, s->at);
	buf_append(s->out, from, (size_t)(s->at - from));
	return true;
}

/* \d \s \w and their negations; PCRE's \s has the vertical tab, Go's not. */
static bool parse_perl_class(struct parser *s, bool in_brackets)
{
	if (!at_char(s, 0, '\\') || s->end - s->at < 2)
		return false;
	const char *inside = NULL;
	switch (s->at[1]) {
	case 'd': inside = "0-9"; break;
	case 'D': inside = "\\x{0}-\\x{2f}\\x{3a}-\\x{10ffff}"; break;
	case 's': inside = "\\t\\n\\f\\r "; break;
	case 'S': inside = "\\x{0}-\\x{8}\\x{b}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}"; break;
	case 'w': inside = "0-9A-Za-z_"; break;
	case 'W': inside = "\\W"; break; // as ranges, (?i) would find k in it, for the sake of the Kelvin sign
	default: return false;
	}
	if (s->at[1] == 'W' && !in_brackets)
		buf_cstr(s->out, "[^0-9A-Za-z_]");
	else if (in_brackets)
		buf_cstr(s->out, inside);
	else
		buf_printf(s->out, "[%s]", inside);
	s->at += 2;
	return true;
}

/* [:alpha:] inside brackets. False where there is none, or a bad one (s->err). */
static bool parse_named_class(struct parser *s)
{
	static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph",
			"lower", "print", "punct", "space", "upper", "word", "xdigit"};
	if (!at_char(s, 0, '[') || !at_char(s, 1, ':'))
		return false;
	const char *close = memmem(s->at + 2, (size_t)(s->end - s->at - 2), ":]", 2);
	if (!close)
		return false;
	struct str name = {s->at + 2, (size_t)(close - s->at - 2)};
	if (name.len && name.ptr[0] == '^')
		name = str_slice(name, 1, name.len);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (str_eq(name, str_from(names[i]))) {
			buf_append(s->out, s->at, (size_t)(close + 2 - s->at));
			s->at = close + 2;
			return true;
		}
	}
	return fail(s, "invalid character class range", s->at, close + 2);
}

static int32_t parse_class_char(struct parser *s, const char *class_begin)
{
	if (s->at == s->end) {
		fail(s, "missing closing ]", class_begin, s->end);
		return BAD_RUNE;
	}
	return *s->at == '\\' ? parse_escape(s) : next_rune(s);
}

static bool parse_range(struct parser *s, const char *class_begin)
{
	const char *from = s->at;
	int32_t low = parse_class_char(s, class_begin), high = low;
	if (!s->err && at_char(s, 0, '-') && s->end - s->at >= 2 && s->at[1] != ']') {
		s->at++;
		high = parse_class_char(s, class_begin);
	}
	if (s->err)
		return false;
	if (high < low)
		return fail(s, "invalid character class range", from, s->at);
	put_rune(s, low);
	if (high > low) {
		buf_byte(s->out, '-');
		put_rune(s, high);
	}
	return true;
}

static bool parse_class(struct parser *s)
{
	const char *begin = s->at++;
	buf_byte(s->out, '[');
	if (at_char(s, 0, '^')) {
		buf_byte(s->out, '^');
		s->at++;
	}
	for (bool first = true; s->at == s->end || *s->at != ']' || first; first = false) {
		if (!parse_named_class(s) && !s->err && !parse_unicode_class(s) && !s->err &&
				!parse_perl_class(s, true) && !parse_range(s, begin))
			return false;
		if (s->err)
			return false;
	}
	s->at++;
	buf_byte(s->out, ']');
	return true;
}

static bool parse_named_group(struct parser *s, size_t name_offset)
{
	const char *from = s->at, *close = memchr(from, '>', (size_t)(s->end - from));
	if (!close)
		return fail(s, "invalid named capture", from, s->end);
	const char *name = from + name_offset;
	bool good = close > name;
	for (const char *c = name; c < close; c++)
		good = good && (is_alnum(*c) || *c == '_');
	if (!good)
		return fail(s, "invalid named capture", from, close + 1);
	// PCRE wants names to begin with a letter and to be short; nobody here asks for them by name.
	buf_byte(s->out, '(');
	s->at = close + 1;
	return true;
}

/* (?flags) or (?flags: */
static bool parse_flags(struct parser *s)
{
	const char *from = s->at;
	bool negated = false, saw_flag = false;
	s->at += 2;
	while (s->at < s->end) {
		int32_t c = next_rune(s);
		if (c == 'i' || c == 'm' || c == 's' || c == 'U') {
			saw_flag = true;
		} else if (c == '-' && !negated) {
			negated = true;
			saw_flag = false;
		} else if ((c == ':' || c == ')') && (!negated || saw_flag)) {
			s->depth += c == ':';
			s->can_repeat = c == ')' && s->can_repeat;
			if (s->at - from > 3 || c == ':') // "(?)" says nothing
				buf_append(s->out, from, (size_t)(s->at - from));
			return true;
		} else {
			break;
		}
	}
	return s->err ? false : fail(s, "invalid or unsupported Perl syntax", from, s->at);
}

static bool parse_open(struct parser *s)
{
	if (s->depth >= MAX_DEPTH)
		return fail(s, "expression nests too deeply", s->pattern.ptr, s->end);
	if (at_char(s, 1, '?')) {
		bool with_p = at_char(s, 2, 'P') && at_char(s, 3, '<');
		if (!with_p && !(at_char(s, 2, '<') && s->end - s->at > 3))
			return parse_flags(s);
		if (!parse_named_group(s, with_p ? 4 : 3))
			return false;
	} else {
		buf_byte(s->out, '(');
		s->at++;
	}
	s->depth++;
	s->can_repeat = false;
	return true;
}

/* A number, or -1; -2 for one that is too large. */
static int parse_count(struct parser *s)
{
	const char *from = s->at;
	int count = 0;
	while (s->at < s->end && is_digit(*s->at)) {
		if (count <= MAX_REPEAT)
			count = count * 10 + (*s->at - '0');
		s->at++;
	}
	if (s->at == from || (*from == '0' && s->at - from > 1))
		return -1;
	return count > MAX_REPEAT ? -2 : count;
}

/* {n}, {n,} or {n,m} at s->at: moves behind it. False: a literal brace. */
static bool parse_counts(struct parser *s)
{
	const char *from = s->at++;
	int min = parse_count(s), max = min;
	bool good = min != -1;
	if (good && at_char(s, 0, ',')) {
		s->at++;
		if (at_char(s, 0, '}'))
			max = MAX_REPEAT;
		else
			good = (max = parse_count(s)) != -1;
	}
	if (!good || !at_char(s, 0, '}')) {
		s->at = from;
		return false;
	}
	s->at++;
	if (min == -2 || max == -2 || min > max)
		fail(s, "invalid repeat count", from, s->at);
	return true;
}

static bool parse_repeat(struct parser *s)
{
	const char *from = s->at, *last = s->last_repeat;
	if (*from == '{') {
		if (!parse_counts(s)) {
			buf_cstr(s->out, "\\{");
			s->at++;
			s->can_repeat = true;
			s->last_repeat = NULL;
			return true;
		}
	} else {
		s->at++;
	}
	s->at += at_char(s, 0, '?');
	if (s->err)
		return false;
	if (last)
		return fail(s, "invalid nested repetition operator", last, s->at);
	if (!s->can_repeat)
		return fail(s, "missing argument to repetition operator", from, s->at);
	buf_append(s->out, from, (size_t)(s->at - from));
	s->last_repeat = from;
	return true;
}

static void parse_quoted(struct parser *s)
{
	s->at += 2;
	while (s->at < s->end && !s->err && !(at_char(s, 0, '\\') && at_char(s, 1, 'E'))) {
		put_rune(s, next_rune(s));
		s->can_repeat = true;
	}
	s->at += s->at < s->end ? 2 : 0;
}

static bool parse_backslash(struct parser *s)
{
	char c = s->end - s->at >= 2 ? s->at[1] : 0;
	if (c == 'A' || c == 'b' || c == 'B' || c == 'z') {
		// Grouped, for PCRE has no repetition of assertions in some places.
		buf_printf(s->out, "(?:\\%c)", c);
		s->at += 2;
	} else if (c == 'C') {
		return fail(s, "invalid escape sequence", s->at, s->at + 2);
	} else if (c == 'Q') {
		parse_quoted(s);
		return !s->err;
	} else if (!parse_unicode_class(s) && !s->err && !parse_perl_class(s, false)) {
		int32_t rune = parse_escape(s);
		if (!s->err)
			put_rune(s, rune);
	}
	s->can_repeat = true;
	return !s->err;
}

static bool parse_one(struct parser *s)
{
	char c = *s->at;
	if (c == '*' || c == '+' || c == '?' || c == '{')
		return parse_repeat(s);
	s->last_repeat = NULL;
	switch (c) {
	case '(':
		return parse_open(s);
	case ')':
		if (!s->depth)
			return fail(s, "unexpected )", s->pattern.ptr, s->end);
		s->depth--;
		break;
	case '[':
		s->can_repeat = true;
		return parse_class(s);
	case '\\':
		return parse_backslash(s);
	case '|':
		buf_byte(s->out, c);
		s->at++;
		s->can_repeat = false;
		return true;
	case '^':
	case '$':
		buf_printf(s->out, "(?:%c)", c);
		s->at++;
		s->can_repeat = true;
		return true;
	case '.':
		break;
	default:
		put_rune(s, next_rune(s));
		s->can_repeat = true;
		return !s->err;
	}
	buf_byte(s->out, c);
	s->at++;
	s->can_repeat = true;
	return true;
}

struct err *regex_translate(struct arena *a, struct str pattern, struct buf *out)
{
	struct parser s = {.arena = a, .pattern = pattern, .at = pattern.ptr, .end = pattern.ptr + pattern.len,
			.out = out};
	while (s.at < s.end) {
		if (!parse_one(&s))
			return s.err;
	}
	if (s.depth)
		fail(&s, "missing closing )", pattern.ptr, s.end);
	return s.err;
}
