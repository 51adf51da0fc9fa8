// SPDX-License-Identifier: MIT
// What the tab key offers in the shell.
#include "tool/driver/complete.h"

#include "unit.h"

static struct arena a;
static struct profile *profile;

static struct completions ask(const char *line)
{
	static const char *const functions[] = {"main", "std::vector<int>::push_back", "operator new(unsigned long)"};
	if (!profile) {
		profile = profile_create();
		struct value_type types[] = {{profile_intern(profile, STR("samples")), 0},
				{profile_intern(profile, STR("cpu")), 0}};
		profile_set_sample_types(profile, types, 2);
		for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
			profile_add_function(profile, (struct function){.id = i + 1,
					.name = profile_intern(profile, str_from(functions[i]))});
	}
	return complete(&a, profile, line);
}

static void check_one(const char *line, size_t begin, const char *want)
{
	struct completions c = ask(line);
	ck_assert_msg(c.n == 1, "%s: %zu", line, c.n);
	ck_assert_str_eq(c.items[0], want);
	ck_assert_uint_eq(c.begin, begin);
}

START_TEST(first_words)
{
	check_one("  pee", 0, "peek");
	check_one("SPEEDS", 0, "speedscope");
	check_one("granul", 0, "granularity=");
	check_one("cp", 0, "cpu");
	check_one("help relati", 5, "relative_percentages");
	ck_assert_uint_eq(ask("nosuch").n, 0);
}
END_TEST

START_TEST(several_share_a_beginning)
{
	struct completions c = ask("tagf");
	check_one("tagf", 0, "tagfocus=");
	c = ask("node");
	ck_assert_uint_eq(c.n, 2);
	ck_assert_str_eq(c.items[0], "nodecount=");
	ck_assert_str_eq(c.items[1], "nodefraction=");
	ck_assert_uint_eq(completions_common(&c), 4);
}
END_TEST

START_TEST(values)
{
	check_one("granularity=filef", 12, "filefunctions");
	check_one("sample_index=s", 13, "samples");
	check_one("call_tree=t", 10, "true");
}
END_TEST

START_TEST(functions_by_any_part)
{
	check_one("peek push", 5, "std::vector<int>::push_back");
	check_one("top 5 -mai", 6, "-main");
	check_one("list new", 5, "operator\\x20new\\(unsigned\\x20long\\)");
	ck_assert_uint_eq(ask("peek ").n, 3);
	ck_assert_uint_eq(ask("tags mai").n, 0);
}
END_TEST

UNIT_MAIN("complete", first_words, several_share_a_beginning, values, functions_by_any_part)
