// SPDX-License-Identifier: MIT
// CPROFDEBUG as text.
#include <check.h>
#include <string.h>

#include "debug/settings.h"

START_TEST(later_wins)
{
	struct cp_debug_settings s;
	ck_assert(cp_debug_settings_parse(&s, "schedtrace=100,scheddetail=1,schedtrace=250,scheddetail=0"));
	ck_assert_int_eq(s.schedtrace_ms, 250);
	ck_assert(!s.scheddetail);
}
END_TEST

START_TEST(what_is_not_known_is_passed_over)
{
	struct cp_debug_settings s;
	ck_assert(cp_debug_settings_parse(&s, "x=1,gctrace,=,,gctrace=-1,allocfreetrace=1,gctrace=1x,madvdontneed=1"));
	ck_assert(s.allocfreetrace);
	ck_assert(!s.gctrace);
}
END_TEST

START_TEST(nothing_is_asked_for)
{
	struct cp_debug_settings s;
	ck_assert(!cp_debug_settings_parse(&s, ""));
	ck_assert(!cp_debug_settings_parse(&s, "scheddetail=1,output=/tmp/x"));
	ck_assert(!cp_debug_settings_parse(&s, "schedtrace=99999999999999999999"));
	ck_assert_str_eq(s.path, "");
}
END_TEST

START_TEST(a_path_too_long_is_none)
{
	struct cp_debug_settings s;
	char text[PATH_MAX + 64] = "gctrace=1,output=";
	memset(text + strlen(text), 'a', PATH_MAX);
	ck_assert(cp_debug_settings_parse(&s, text));
	ck_assert_str_eq(s.path, "");
	ck_assert(cp_debug_settings_parse(&s, "output=/var/log/x=%p,gctrace=1"));
	ck_assert_str_eq(s.path, "/var/log/x=%p");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("debug settings");
	TCase *tcase = tcase_create("parse");
	tcase_add_test(tcase, later_wins);
	tcase_add_test(tcase, what_is_not_known_is_passed_over);
	tcase_add_test(tcase, nothing_is_asked_for);
	tcase_add_test(tcase, a_path_too_long_is_none);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int nfailed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return nfailed != 0;
}
