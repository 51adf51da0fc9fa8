// SPDX-License-Identifier: MIT
// Go's strconv: what is a number and what is not, and the shortest text of a float.
#include <math.h>

#include "base/num.h"
#include "base/quote.h"
#include "unit.h"

static enum num_status parse(const char *s, int base, int bits, int64_t *v)
{
	*v = 0;
	return num_parse_int(s, base, bits, v);
}

START_TEST(reads_integers)
{
	int64_t v;
	ck_assert_int_eq(parse("-42", 10, 64, &v), NUM_OK);
	ck_assert_int_eq(v, -42);
	ck_assert_int_eq(parse("+7", 10, 32, &v), NUM_OK);
	ck_assert_int_eq(v, 7);
	ck_assert_int_eq(parse("0x_ff", 0, 64, &v), NUM_OK);
	ck_assert_int_eq(v, 255);
	ck_assert_int_eq(parse("017", 0, 64, &v), NUM_OK);
	ck_assert_int_eq(v, 15);
	ck_assert_int_eq(parse("0", 0, 64, &v), NUM_OK);
	ck_assert_int_eq(parse("0b101", 0, 64, &v), NUM_OK);
	ck_assert_int_eq(v, 5);
	ck_assert_int_eq(parse("-9223372036854775808", 10, 64, &v), NUM_OK);
	ck_assert_int_eq(v, INT64_MIN);
}
END_TEST

START_TEST(refuses_what_is_no_integer)
{
	static const char *const wrong[] = {"", "-", "+-1", "1x", " 1", "1 ", "0x", "1__0", "1_", "09"};
	int64_t v;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(parse(wrong[i], 0, 64, &v) == NUM_SYNTAX, "took \"%s\"", wrong[i]);
	ck_assert_int_eq(parse("0x10", 10, 64, &v), NUM_SYNTAX);
	ck_assert_int_eq(parse("1_0", 10, 64, &v), NUM_SYNTAX);
	ck_assert_int_eq(parse("9223372036854775808", 10, 64, &v), NUM_RANGE);
	ck_assert_int_eq(v, INT64_MAX);
	ck_assert_int_eq(parse("-2147483649", 10, 32, &v), NUM_RANGE);
	ck_assert_int_eq(v, INT32_MIN);
}
END_TEST

START_TEST(reads_floats)
{
	static const char *const wrong[] = {"", ".", "1e", " 1", "0x1", "nan(1)", "1.0f", "--1", "in"};
	double v = 0;
	ck_assert_int_eq(num_parse_float("-.5e1", &v), NUM_OK);
	ck_assert_double_eq(v, -5);
	ck_assert_int_eq(num_parse_float("0x1p-2", &v), NUM_OK);
	ck_assert_double_eq(v, 0.25);
	ck_assert_int_eq(num_parse_float("+Inf", &v), NUM_OK);
	ck_assert(isinf(v));
	ck_assert_int_eq(num_parse_float("1e999", &v), NUM_RANGE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(num_parse_float(wrong[i], &v) == NUM_SYNTAX, "took \"%s\"", wrong[i]);
}
END_TEST

START_TEST(writes_floats_as_short_as_they_read_back)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {{0.005, "0.005"}, {1, "1"}, {0, "0"}, {-2.5, "-2.5"}, {1e-5, "1e-05"},
			{0.0001, "0.0001"}, {999999.5, "999999.5"}, {1e6, "1e+06"}, {1e21, "1e+21"},
			{123456789.25, "1.2345678925e+08"}, {0.1 + 0.2, "0.30000000000000004"},
			{INFINITY, "+Inf"}};
	struct arena a = {0};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_str_eq(num_format_float(&a, cases[i].v), cases[i].text);
	arena_deinit(&a);
}
END_TEST

START_TEST(quotes_as_go)
{
	struct arena a = {0};
	ck_assert_str_eq(quote_go(&a, STR("a\"b\\c\n\x01\x7f")), "\"a\\\"b\\\\c\\n\\x01\\x7f\"");
	ck_assert_str_eq(quote_go(&a, STR("gr\xc3\xbc\xc3\x9f" "e \xff\xc3")), "\"grüße \\xff\\xc3\"");
	ck_assert_str_eq(quote_go(&a, STR("")), "\"\"");
	arena_deinit(&a);
}
END_TEST

// The pattern of several files was quoted, and the option-like name taken for an option.
START_TEST(names_for_the_shell)
{
	struct arena a = {0};
	ck_assert_str_eq(quote_shell(&a, "cpu.pb.gz"), "cpu.pb.gz");
	ck_assert_str_eq(quote_shell(&a, "it's one"), "'it'\\''s one'");
	ck_assert_str_eq(quote_shell(&a, "my dir/cpu.*.gz"), "'my dir/cpu.'*.gz");
	ck_assert_str_eq(quote_shell(&a, "cpu.*.gz"), "cpu.*.gz");
	ck_assert_str_eq(quote_shell(&a, "-cpu"), "./-cpu");
	ck_assert_str_eq(quote_shell(&a, ""), "");
	arena_deinit(&a);
}
END_TEST

UNIT_MAIN("num", reads_integers, refuses_what_is_no_integer, reads_floats,
		writes_floats_as_short_as_they_read_back, quotes_as_go, names_for_the_shell)
