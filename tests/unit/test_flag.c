// SPDX-License-Identifier: MIT
// Go's flag syntax, and the words of its complaints.
#include "base/flag.h"

#include "unit.h"

static struct arena arena;
static bool top, cum;
static int nodecount;
static double fraction;
static const char *focus;
static const struct flag flags[] = {
		{"top", FLAG_BOOL, &top},
		{"cum", FLAG_BOOL, &cum},
		{"nodecount", FLAG_INT, &nodecount},
		{"nodefraction", FLAG_FLOAT, &fraction},
		{"focus", FLAG_STRING, &focus},
};
static struct flag_result result;

static struct err *parse(int argc, const char *const *argv)
{
	top = false;
	cum = true;
	nodecount = -1;
	fraction = 0.5;
	focus = "";
	return flag_parse(&arena, flags, sizeof(flags) / sizeof(flags[0]), argc, argv, &result);
}

#define PARSE(...) parse(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})
#define COMPLAINS(text, ...)                              \
	do {                                              \
		struct err *e_ = PARSE(__VA_ARGS__);      \
		ck_assert_ptr_nonnull(e_);                \
		ck_assert_str_eq(e_->message, text);      \
	} while (0)

START_TEST(takes_all_forms)
{
	ck_assert_ptr_null(PARSE("-top", "--cum=f", "-nodecount", "0x10", "-focus=a=b", "-nodefraction",
			"1e-3", "file", "-top"));
	ck_assert(top);
	ck_assert(!cum);
	ck_assert_int_eq(nodecount, 16);
	ck_assert_str_eq(focus, "a=b");
	ck_assert_double_eq(fraction, 1e-3);
	ck_assert_int_eq(result.first_arg, 7);
}
END_TEST

START_TEST(ends_where_go_ends)
{
	ck_assert_ptr_null(PARSE("-top", "--", "-cum=f"));
	ck_assert_int_eq(result.first_arg, 2);
	ck_assert(cum);
	ck_assert_ptr_null(PARSE("-", "-top"));
	ck_assert_int_eq(result.first_arg, 0);
	// A boolean takes no word of its own.
	ck_assert_ptr_null(PARSE("-cum", "false"));
	ck_assert(cum);
	ck_assert_int_eq(result.first_arg, 1);
}
END_TEST

START_TEST(asks_for_help)
{
	ck_assert_ptr_null(PARSE("-top", "-h"));
	ck_assert(result.asks_for_help);
	ck_assert_ptr_null(PARSE("--help", "x"));
	ck_assert(result.asks_for_help);
}
END_TEST

START_TEST(complains_in_gos_words)
{
	COMPLAINS("flag provided but not defined: -bogus", "-bogus=1");
	COMPLAINS("flag needs an argument: -focus", "-focus");
	COMPLAINS("bad flag syntax: ---x", "---x");
	COMPLAINS("bad flag syntax: -=x", "-=x");
	COMPLAINS("invalid value \"x\" for flag -nodecount: parse error", "-nodecount=x");
	COMPLAINS("invalid value \"99999999999999999999\" for flag -nodecount: value out of range",
			"-nodecount=99999999999999999999");
	COMPLAINS("invalid value \"\" for flag -nodefraction: parse error", "-nodefraction=");
	COMPLAINS("invalid boolean value \"maybe\" for -top: parse error", "-top=maybe");
}
END_TEST

UNIT_MAIN("flag", takes_all_forms, ends_where_go_ends, asks_for_help, complains_in_gos_words)
