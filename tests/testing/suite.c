// SPDX-License-Identifier: MIT
// A suite on Check that knows nothing of us, each test in a process of its own: one passes, one fails, one aborts,
// one is killed for its time; each works for 200 ms and keeps 100 blocks of 1000 bytes.
// suite [hang]: then waits to be ended.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void *volatile kept[100];

static void work(void)
{
	struct timespec start, now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (int i = 0; i < 100; i++)
		kept[i] = malloc(1000);
	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < 200000000);
}

START_TEST(passes)
{
	work();
	ck_assert_ptr_nonnull(kept[0]);
}
END_TEST

START_TEST(fails)
{
	work();
	ck_abort_msg("as it should");
}
END_TEST

START_TEST(aborts)
{
	work();
	abort();
}
END_TEST

START_TEST(is_killed)
{
	work();
	for (;;)
		pause();
}
END_TEST

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "hang") == 0) {
		work();
		printf("hanging\n");
		fflush(stdout);
		for (;;)
			pause();
	}
	Suite *suite = suite_create("suite");
	TCase *tcase = tcase_create("suite"), *short_tcase = tcase_create("short");
	tcase_set_timeout(tcase, 60);
	tcase_set_timeout(short_tcase, 4);
	tcase_add_test(tcase, passes);
	tcase_add_test(tcase, fails);
	tcase_add_test(tcase, aborts);
	tcase_add_test(short_tcase, is_killed);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, short_tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed;
}
