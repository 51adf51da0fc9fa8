// SPDX-License-Identifier: MIT
// A unit test program: one file, START_TEST blocks, and at its end
//
//	UNIT_MAIN("ring", test_a, test_b)
//
// Check runs each test in a child process, so a crash or a hang is one failed test.
#ifndef CPROF_TESTS_UNIT_H
#define CPROF_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

enum { UNIT_TIMEOUT_S = 30 };

#define UNIT_MAIN(name, ...)                                                \
	int main(void)                                                      \
	{                                                                   \
		const TTest *tests[] = {__VA_ARGS__};                       \
		Suite *suite = suite_create(name);                          \
		TCase *tcase = tcase_create(name);                          \
		tcase_set_timeout(tcase, UNIT_TIMEOUT_S);                   \
		for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) \
			tcase_add_test(tcase, tests[i]);                    \
		suite_add_tcase(suite, tcase);                              \
		SRunner *runner = srunner_create(suite);                    \
		srunner_run_all(runner, CK_NORMAL);                         \
		int failed = srunner_ntests_failed(runner);                 \
		srunner_free(runner);                                       \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                \
	}

#endif
