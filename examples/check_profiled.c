// SPDX-License-Identifier: MIT
// A test program on Check that takes go test's flags:
//
//   cc check_profiled.c $(pkg-config --cflags --libs check libcprof) -o check_profiled
//   ./check_profiled -cpuprofile cpu.pprof -memprofile mem.pprof && cprof -top cpu.pprof
#include <check.h>
#include <cprof/testing.h>
#include <stdlib.h>
#include <string.h>

static char *repeat(const char *word, size_t n)
{
	size_t len = strlen(word);
	char *out = malloc(n * len + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(out + i * len, word, len);
	out[n * len] = '\0';
	return out;
}

START_TEST(repeats_have_their_length)
{
	for (size_t n = 0; n < 3000; n++) {
		char *text = repeat("word", n);
		ck_assert_uint_eq(strlen(text), 4 * n);
		free(text);
	}
}
END_TEST

int main(int argc, char **argv)
{
	int nprofiles = cprof_testing_init(&argc, argv);
	if (nprofiles < 0)
		return 2;
	Suite *suite = suite_create("repeat");
	TCase *tcase = tcase_create("repeat");
	tcase_add_test(tcase, repeats_have_their_length);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	if (nprofiles > 0)
		srunner_set_fork_status(runner, CK_NOFORK); // what runs in a child is not in our profiles
	srunner_run_all(runner, CK_NORMAL);
	int nfailed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return nfailed ? EXIT_FAILURE : EXIT_SUCCESS;
}
