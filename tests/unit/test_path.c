// SPDX-License-Identifier: MIT
// File names taken apart as Go's path/filepath does it.
#include "base/path.h"

#include "unit.h"

static struct arena a;

static void check_base(const char *path, const char *want)
{
	struct str base = path_base(str_from(path));
	ck_assert_msg(str_eq(base, str_from(want)), "base of %s is %.*s", path, STR_FMT(base));
}

START_TEST(base)
{
	check_base("", ".");
	check_base("/", "/");
	check_base("///", "/");
	check_base("a", "a");
	check_base("/usr/lib/libc.so.6", "libc.so.6");
	check_base("dir/", "dir");
}
END_TEST

START_TEST(clean)
{
	static const char *const cases[][2] = {{"", "."}, {"a//b", "a/b"}, {"a/./b/", "a/b"},
			{"a/../b", "b"}, {"a/..", "."}, {"../../a", "../../a"}, {"../a/..", ".."},
			{"/..", "/"}, {"/../a", "/a"}, {"/a/b/../../..", "/"}, {"a/b/../c", "a/c"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_str_eq(path_clean(&a, str_from(cases[i][0])), cases[i][1]);
}
END_TEST

START_TEST(process_ids)
{
	ck_assert_str_eq(path_expand(&a, "", "12"), "");
	ck_assert_str_eq(path_expand(&a, "a.%p/%p", "12"), "a.12/12");
	ck_assert_str_eq(path_expand(&a, "100%%p%q%", "12"), "100%p%q%");
}
END_TEST

START_TEST(globs)
{
	ck_assert_str_eq(path_escape_glob(&a, ""), "");
	ck_assert_str_eq(path_escape_glob(&a, "a[1]*?\\.gz"), "a\\[1]\\*\\?\\\\.gz");
}
END_TEST

START_TEST(join_and_dir)
{
	ck_assert_str_eq(path_join(&a, "/a", "/b"), "/a/b");
	ck_assert_str_eq(path_join(&a, "", "b"), "b");
	ck_assert_str_eq(path_join(&a, "a/", "../b"), "b");
	ck_assert_str_eq(path_join(&a, "", ""), "");
	ck_assert_str_eq(path_dir(&a, STR("/usr/lib/x")), "/usr/lib");
	ck_assert_str_eq(path_dir(&a, STR("x")), ".");
	ck_assert_str_eq(path_dir(&a, STR("/x")), "/");
}
END_TEST

UNIT_MAIN("path", base, clean, process_ids, globs, join_and_dir)
