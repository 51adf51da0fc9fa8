// SPDX-License-Identifier: MIT
// Go's regular expressions: what Go takes, what it refuses and how it says so, where PCRE differs.
#include "tool/profile/regex.h"

#include "unit.h"

static struct arena a;

static const char *error_of(const char *pattern)
{
	struct regex *re = NULL;
	struct err *err = regex_compile(&a, str_from(pattern), &re);
	regex_free(re);
	return err ? err->message : "fine";
}

START_TEST(refuses_as_go_does)
{
	static const char *const cases[][3] = {
		{"(", "missing closing )", "("}, {"a)", "unexpected )", "a)"}, {"[a", "missing closing ]", "[a"},
		{"x[^]", "missing closing ]", "[^]"}, {"[b-a]", "invalid character class range", "b-a"},
		{"[a-\\d]", "invalid escape sequence", "\\d"},
		{"[[:foo:]]", "invalid character class range", "[:foo:]"},
		{"\\p{Foo}", "invalid character class range", "\\p{Foo}"},
		{"[\\p{Foo}x]", "invalid character class range", "\\p{Foo}"},
		{"*", "missing argument to repetition operator", "*"},
		{"(|*)", "missing argument to repetition operator", "*"},
		{"(*UTF8)a", "missing argument to repetition operator", "*"},
		{"a**", "invalid nested repetition operator", "**"},
		{"a+?+", "invalid nested repetition operator", "+?+"},
		{"a++", "invalid nested repetition operator", "++"},
		{"a{2}{3}", "invalid nested repetition operator", "{2}{3}"},
		{"a{2,1}", "invalid repeat count", "{2,1}"}, {"a{1001}", "invalid repeat count", "{1001}"},
		{"\\1", "invalid escape sequence", "\\1"}, {"\\h", "invalid escape sequence", "\\h"},
		{"\\Z", "invalid escape sequence", "\\Z"}, {"\\C", "invalid escape sequence", "\\C"},
		{"\\x{110000}", "invalid escape sequence", "\\x{110000"},
		{"a\\p[b]", "invalid character class range", "\\p["},
		{"\\pX**", "invalid character class range", "\\pX"},
		{"\\p{Script=Greek}", "invalid character class range", "\\p{Script=Greek}"},
		{"\\x.c", "invalid escape sequence", "\\x.c"}, {"\\x4", "invalid escape sequence", "\\x4"},
		{"\\x{}", "invalid escape sequence", "\\x{}"}, {"\\x{4ü}", "invalid escape sequence", "\\x{4ü"},
		{"a\\", "trailing backslash at end of expression", ""},
		{"(?=a)", "invalid or unsupported Perl syntax", "(?="},
		{"(?>a)", "invalid or unsupported Perl syntax", "(?>"},
		{"(?x)a", "invalid or unsupported Perl syntax", "(?x"},
		{"(?#c)", "invalid or unsupported Perl syntax", "(?#"},
		{"(?i-)a", "invalid or unsupported Perl syntax", "(?i-)"},
		{"(?P<n-m>a)", "invalid named capture", "(?P<n-m>"},
		{"a\xff", "invalid UTF-8", "a\xff"}, {"\xed\xa0\x80", "invalid UTF-8", "\xed\xa0\x80"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *want = arena_printf(&a, "error parsing regexp: %s: `%s`", cases[i][1], cases[i][2]);
		ck_assert_str_eq(error_of(cases[i][0]), want);
	}
}
END_TEST

START_TEST(matches_as_go_does)
{
	static const struct {
		const char *pattern, *text;
		int begin, end; // -1: no match
	} cases[] = {
		{"", "x", 0, 0}, {"foo|foobar", "foobar", 0, 3}, {"(a|ab)(c|bcd)", "abcd", 0, 4},
		{"$", "a\n", 2, 2}, {"(?m)a$", "a\nb", 0, 1}, {"a$", "a\n", -1, 0}, {"^b", "a\nb", -1, 0},
		{"(?m)^b", "a\nb", 2, 3}, {"x.y", "x\ny", -1, 0}, {"(?s)x.y", "x\ny", 0, 3},
		{"\\v", "a\vb", 1, 2}, {"\\v", "\n", -1, 0}, {"\\s", "\v", -1, 0}, {"[\\S]", "\v", 0, 1},
		{"\\101{2}", "AA", 0, 2}, {"a{,2}", "xa{,2}", 1, 6}, {"\\Qa*b\\E+", "a*bb", 0, 4},
		{"[[:word:]]+", "-ab_1", 1, 5}, {"[]a]+", "x]a", 1, 3}, {"[a[:b]+", "[a:", 0, 3},
		{"(?i)k", "\xe2\x84\xaa", 0, 3}, {"\\pL+", "1\xc3\xa9t", 1, 4}, {"\\w", "\xc3\xa9", -1, 0},
		{"(?i)\\W", "sk\xe2\x84\xaa", -1, 0}, {"(?i)[\\W]", "sk", -1, 0},
		{"[\\W]", "a\xc3\xa9", 1, 3}, {"(?i)\\W+", "a-\xc3\xa9", 1, 4}, {"(?U)a+", "aaa", 0, 1},
		{"(?P<1a>a)", "ba", 1, 2}, {"\\z", "ab", 2, 2},
		{"operator\\(\\)$", "A::operator()", 3, 13}, {"^*a", "ba", 1, 2},
		// What is no UTF-8 is a character all the same.
		{"^.c$", "\xff" "c", 0, 2}, {"c.", "\xc3(\xff" "c\x80", 3, 5}, {"\\x{fffd}", "a\xff", 1, 2}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct regex *re = regex_must_compile(cases[i].pattern);
		struct regex_span span;
		bool found = regex_find(re, str_from(cases[i].text), 0, &span, 1);
		ck_assert_msg(found == (cases[i].begin >= 0), "%s on %s", cases[i].pattern, cases[i].text);
		if (found) {
			ck_assert_int_eq((int)span.begin, cases[i].begin);
			ck_assert_int_eq((int)span.end, cases[i].end);
		}
		regex_free(re);
	}
}
END_TEST

START_TEST(gives_up_on_hostile_patterns)
{
	struct regex *re = regex_must_compile("^(a|a?)+$");
	char text[64];
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	for (unsigned i = 0; i < 10000; i++) // seconds at most, for later tries are refused at once
		ck_assert(!regex_match(re, (struct str){text, sizeof(text)}));
	regex_free(re);
}
END_TEST

START_TEST(quotes)
{
	ck_assert(str_eq(regex_quote(&a, STR("a.b(c)[d]*")), STR("a\\.b\\(c\\)\\[d\\]\\*")));
}
END_TEST

UNIT_MAIN("profile_regex", refuses_as_go_does, matches_as_go_does, gives_up_on_hostile_patterns, quotes)
