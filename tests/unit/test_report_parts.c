// SPDX-License-Identifier: MIT
// What reports are put together from: short names, columns, JSON strings, colours.
#include "tool/export/jsonout.h"
#include "tool/report/columns.h"
#include "tool/report/dot.h"
#include "tool/report/shortname.h"

#include "unit.h"

START_TEST(shortens_names_by_language)
{
	static const char *const names[][2] = {
		{"main", "main"},
		{"github.com/google/pprof/internal/report.Generate", "report.Generate"},
		{"github.com/blah/foo/v3.(*Bar).Run", "foo.(*Bar).Run"},
		{"github.com/blah/foo/v25/sub.Run", "sub.Run"},
		{"example.org/v1/pkg.F", "pkg.F"},
		{"example.org/x.v2/pkg.F", "pkg.F"},
		{"java.util.concurrent.ThreadPoolExecutor.run", "ThreadPoolExecutor.run"},
		{"java.bar.foo.FooBar.run(java.lang.Runnable)", "FooBar.run"},
		{"java.util.Map.<init>(int)", "Map.<init>"},
		{"com.foo.Bar.run$1", "Bar.run$1"},
		{"ns1::ns2::Class::method", "Class::method"},
		{"(anonymous namespace)::ns::_Class::~_Class", "_Class::~_Class"},
		{"ns::Class::f<std::vector<int>, 3>", "Class::f<std::vector<int>, 3>"},
		{"Class::method", "Class::method"},
		{"ns::function", "ns::function"},
		{"a/", "a/"},
		{"", ""},
		{"::", "::"},
		{"x.", "x."},
	};
	struct arena a = {0};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str s = short_function_name(&a, str_from(names[i][0]));
		ck_assert_msg(str_eq(s, str_from(names[i][1])), "%s became %.*s", names[i][0], STR_FMT(s));
	}
	arena_deinit(&a);
}
END_TEST

static void check_columns(const char *text, const char *expected)
{
	struct buf b = {0};
	columns_align_right(str_from(text), &b);
	buf_byte(&b, 0);
	ck_assert_str_eq(b.ptr, expected);
	buf_deinit(&b);
}

START_TEST(aligns_blocks_of_cells)
{
	check_columns("", "");
	check_columns("key:\t Total 3\n \t1:\t a\n \t20:\t b\n\n", " key: Total 3\n       1: a\n      20: b\n\n");
	check_columns("a\tb\nlonger\tb\n\nx\ty\n", "      ab\n longerb\n\n xy\n");
	check_columns("\xc3\xa9\tx\nab\tx\n", "  \xc3\xa9x\n abx\n");
}
END_TEST

static void check_json(struct str s, const char *expected)
{
	struct buf b = {0};
	put_json_string(s, &b);
	buf_byte(&b, 0);
	ck_assert_str_eq(b.ptr, expected);
	buf_deinit(&b);
}

START_TEST(writes_json_strings)
{
	check_json(STR("a\"b\\c\n\t\x01"), "\"a\\\"b\\\\c\\n\\t\\u0001\"");
	check_json(STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	// Cut off, overlong, surrogate, beyond Unicode, lone continuation.
	check_json(STR("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	check_json(STR("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	check_json(STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	check_json(STR("\xf4\x90\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	check_json(STR("\xbfz"), "\"\xef\xbf\xbdz\"");
}
END_TEST

static void check_color(double share, bool background, const char *expected)
{
	struct buf b = {0};
	dot_color(share, background, &b);
	buf_byte(&b, 0);
	ck_assert_str_eq(b.ptr, expected);
	buf_deinit(&b);
}

START_TEST(colours_gain_and_loss)
{
	check_color(0, false, "#b2b2b2");
	check_color(0, true, "#ededed");
	check_color(1, false, "#b20000");
	check_color(7, false, "#b20000");
	check_color(-1, false, "#00b200");
	check_color(-7, true, "#d5edd5");
	check_color(0.9604, false, "#b20200");
}
END_TEST

UNIT_MAIN("report parts", shortens_names_by_language, aligns_blocks_of_cells, writes_json_strings,
		colours_gain_and_loss)
