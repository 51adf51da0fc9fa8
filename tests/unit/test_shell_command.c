// SPDX-License-Identifier: MIT
// The grammar of the shell, and the options that it and the command line set.
#include "tool/driver/shell_command.h"

#include "unit.h"

static struct arena a;

static struct shell_command parse(const char *line)
{
	struct shell_command c;
	struct err *e = shell_parse(&a, line, &config_defaults, &c);
	ck_assert_msg(!e, "%s: %s", line, e ? e->message : "");
	return c;
}

static void check_error(const char *line, const char *want)
{
	struct shell_command c;
	struct err *e = shell_parse(&a, line, &config_defaults, &c);
	ck_assert_msg(e != NULL, "%s was taken", line);
	ck_assert_str_eq(e->message, want);
}

START_TEST(reads_filters_counts_and_files)
{
	struct shell_command c = parse("top 20 main -runtime read -cum -gc >out.txt");
	ck_assert_str_eq(c.command->name, "top");
	ck_assert_int_eq(c.config.nodecount, 20);
	ck_assert_str_eq(c.config.focus, "main|read");
	ck_assert_str_eq(c.config.ignore, "runtime|gc");
	ck_assert_str_eq(c.config.sort, "cum");
	ck_assert_str_eq(c.config.output, "out.txt");
	ck_assert_str_eq(parse("tree > f").config.output, "f");
}
END_TEST

START_TEST(counts_glued_or_default)
{
	ck_assert_int_eq(parse("top").config.nodecount, 10);
	ck_assert_int_eq(parse("top7").config.nodecount, 7);
	ck_assert_int_eq(parse("tree").config.nodecount, -1);
}
END_TEST

START_TEST(takes_a_regexp_first)
{
	struct shell_command c = parse("peek 7 5");
	ck_assert_str_eq(c.param, "7");
	ck_assert_int_eq(c.config.nodecount, 5);
	check_error("list", "command list requires an argument");
}
END_TEST

START_TEST(tags_filter_tags)
{
	struct shell_command c = parse("tags key -other");
	ck_assert_str_eq(c.config.tagfocus, "key");
	ck_assert_str_eq(c.config.tagignore, "other");
	ck_assert_str_eq(c.config.focus, "");
}
END_TEST

START_TEST(cuts_off_the_pager)
{
	struct shell_command c = parse("traces a|b | grep -c 'x y'");
	ck_assert_str_eq(c.config.focus, "a|b");
	ck_assert_str_eq(c.pager, "grep -c 'x y'");
	ck_assert_ptr_null(parse("top").pager);
	ck_assert_ptr_null(parse("top | ").pager);
	check_error("| less", "unrecognized command: \"|\"");
}
END_TEST

START_TEST(complains)
{
	check_error("foo 3", "unrecognized command: \"foo\"");
	check_error("foo12", "unrecognized command: \"foo\"");
	check_error("focus x y", "did you mean: focus=x");
	check_error("focus", "did you mean: focus=<val>");
	check_error("nodecount10", "did you mean: nodecount=10");
	check_error("sort flat", "unrecognized command: \"sort\"");
	check_error("cum now", "did you mean: cum=now");
	check_error("top >", "unexpected end of line after >");
}
END_TEST

START_TEST(sets_options_by_name_and_choice)
{
	struct config c = config_defaults;
	ck_assert_ptr_null(config_assign(&a, &c, "nodefraction", "0.5"));
	ck_assert_double_eq(c.nodefraction, 0.5);
	ck_assert_ptr_null(config_assign(&a, &c, "call_tree", "YES"));
	ck_assert(c.call_tree);
	ck_assert_ptr_null(config_assign(&a, &c, "lines", "true"));
	ck_assert_str_eq(c.granularity, "lines");
	ck_assert_str_eq(config_assign(&a, &c, "lines", "")->message, "unknown config field \"lines\"");
	ck_assert_str_eq(config_assign(&a, &c, "sort", "this")->message, "invalid \"sort\" value \"this\"");
	ck_assert_str_eq(config_assign(&a, &c, "trim", "maybe")->message,
			"illegal value \"maybe\" for bool variable");
	ck_assert_str_eq(config_assign(&a, &c, "nodecount", "abc")->message,
			"strconv.Atoi: parsing \"abc\": invalid syntax");
	ck_assert_str_eq(config_get(&a, &c, config_find("edgefraction")), "0.001");
}
END_TEST

START_TEST(commands_change_options)
{
	struct config c = config_defaults;
	c.noinlines = true;
	struct config w = command_adjust(command_find("weblist", 7), c);
	ck_assert(!w.noinlines);
	ck_assert_str_eq(w.granularity, "addresses");
	ck_assert_int_eq(w.nodecount, 0);
	ck_assert_double_eq(w.nodefraction, 0);
	ck_assert_int_eq(command_adjust(command_find("dot", 3), c).nodecount, 80);
	c.trim = false;
	ck_assert_int_eq(command_adjust(command_find("dot", 3), c).nodecount, 0);
}
END_TEST

UNIT_MAIN("shell_command", reads_filters_counts_and_files, counts_glued_or_default,
		takes_a_regexp_first, tags_filter_tags, cuts_off_the_pager, complains,
		sets_options_by_name_and_choice, commands_change_options)
