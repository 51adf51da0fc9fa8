// SPDX-License-Identifier: MIT
// See regex.h. A pattern that backtracks without end is cut off: the match counts as none, and after some
// such matches the whole pattern is given up, so that a hostile one costs a second and not a day.
#include "tool/profile/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tool/profile/regex_syntax.h"

enum { MATCH_LIMIT = 1000000, MAX_EXHAUSTED = 20, NEST_LIMIT = 2000 };

struct regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
	unsigned nexhausted; // matches that ran into the limit
};

/* What PCRE2 found wrong in a pattern that the syntax check let pass: a class nobody knows, or too much. */
static struct err *describe_failure(struct arena *a, struct str translated, int status, size_t offset,
		struct str pattern)
{
	PCRE2_UCHAR text[128];
	if (status == PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY) {
		size_t begin = offset < translated.len ? offset : translated.len;
		while (begin > 0 && translated.ptr[begin - 1] != '\\')
			begin--;
		return err_new(a, "error parsing regexp: invalid character class range: `\\%.*s`",
				STR_FMT(str_slice(translated, begin, offset)));
	}
	pcre2_get_error_message(status, text, sizeof(text));
	return err_new(a, "error parsing regexp: %s: `%.*s`", (const char *)text, STR_FMT(pattern));
}

static pcre2_code *compile_code(struct arena *a, struct str pattern, struct err **err_out)
{
	struct buf translated = {0};
	pcre2_code *code = NULL;
	*err_out = regex_translate(a, pattern, &translated);
	if (!*err_out) {
		int status;
		PCRE2_SIZE offset;
		pcre2_compile_context *context = pcre2_compile_context_create(NULL);
		pcre2_set_newline(context, PCRE2_NEWLINE_LF);
		pcre2_set_parens_nest_limit(context, NEST_LIMIT);
		code = pcre2_compile((PCRE2_SPTR)(translated.ptr ? translated.ptr : ""), translated.len,
				PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
				&status, &offset, context);
		pcre2_compile_context_free(context);
		if (!code)
			*err_out = describe_failure(a, (struct str){translated.ptr, translated.len}, status,
					offset, pattern);
	}
	buf_deinit(&translated);
	return code;
}

struct err *regex_compile(struct arena *a, struct str pattern, struct regex **regex_out)
{
	struct err *err;
	pcre2_code *code = compile_code(a, pattern, &err);
	if (!code)
		return err;
	struct regex *re = mem_zeroed(1, sizeof(*re));
	re->code = code;
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); // without, it is slower and no more
	re->match = pcre2_match_data_create_from_pattern(code, NULL);
	re->context = pcre2_match_context_create(NULL);
	if (!re->match || !re->context)
		mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	pcre2_set_match_limit(re->context, MATCH_LIMIT);
	*regex_out = re;
	return NULL;
}

void regex_free(struct regex *re)
{
	if (!re)
		return;
	pcre2_match_context_free(re->context);
	pcre2_match_data_free(re->match);
	pcre2_code_free(re->code);
	free(re);
}

struct regex *regex_must_compile(const char *pattern)
{
	struct arena a = {0};
	struct regex *re = NULL;
	if (regex_compile(&a, str_from(pattern), &re))
		abort();
	arena_deinit(&a);
	return re;
}

static bool run(const struct regex *regex, struct str s, size_t from)
{
	struct regex *re = (struct regex *)regex; // the count of exhausted matches is all that changes
	if (re->nexhausted >= MAX_EXHAUSTED || from > s.len)
		return false;
	int status = pcre2_match(re->code, (PCRE2_SPTR)(s.ptr ? s.ptr : ""), s.len, from, PCRE2_NO_UTF_CHECK,
			re->match, re->context);
	if (status == PCRE2_ERROR_MATCHLIMIT || status == PCRE2_ERROR_JIT_STACKLIMIT ||
			status == PCRE2_ERROR_HEAPLIMIT || status == PCRE2_ERROR_DEPTHLIMIT)
		re->nexhausted++;
	return status >= 0;
}

/*
 * Go takes each byte that is no UTF-8 for the character U+FFFD; PCRE2 only takes UTF-8. So such bytes
 * are replaced, in a copy; offsets differ there by two for each.
 */
static struct str repair(struct buf *copy, struct str s)
{
	const char *end = s.ptr + s.len;
	for (const char *at = s.ptr; at < end;) {
		unsigned n = utf8_sequence(at, end);
		buf_append(copy, n ? at : "\xef\xbf\xbd", n ? n : 3);
		at += n ? n : 1;
	}
	return (struct str){copy->ptr, copy->len};
}

/* Between offsets in s and in its repaired copy. */
static size_t convert_offset(struct str s, size_t offset, bool to_copy)
{
	size_t original = 0, copied = 0;
	while (original < s.len && (to_copy ? original : copied) < offset) {
		unsigned n = utf8_sequence(s.ptr + original, s.ptr + s.len);
		original += n ? n : 1;
		copied += n ? n : 3;
	}
	return to_copy ? copied : original;
}

bool regex_match(const struct regex *re, struct str s)
{
	return regex_find(re, s, 0, NULL, 0);
}

bool regex_find(const struct regex *re, struct str s, size_t from, struct regex_span *spans, size_t n)
{
	struct buf copy = {0};
	bool valid = utf8_is_valid(s);
	bool found = valid ? run(re, s, from) : run(re, repair(&copy, s), convert_offset(s, from, true));
	buf_deinit(&copy);
	if (!found)
		return false;
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(re->match);
	uint32_t ngroups = pcre2_get_ovector_count(re->match);
	for (size_t i = 0; i < n; i++) {
		if (i >= ngroups || ends[2 * i] == PCRE2_UNSET)
			spans[i] = (struct regex_span){REGEX_UNSET, REGEX_UNSET};
		else if (valid)
			spans[i] = (struct regex_span){ends[2 * i], ends[2 * i + 1]};
		else
			spans[i] = (struct regex_span){convert_offset(s, ends[2 * i], false),
					convert_offset(s, ends[2 * i + 1], false)};
	}
	return true;
}

struct str regex_quote(struct arena *a, struct str s)
{
	char *quoted = arena_alloc(a, 2 * s.len + 1, 1);
	size_t len = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] && strchr("\\.+*?()|[]{}^$", s.ptr[i]))
			quoted[len++] = '\\';
		quoted[len++] = s.ptr[i];
	}
	return (struct str){quoted, len};
}
