// SPDX-License-Identifier: MIT
// Who made the threads, and how many of them are alive.
#include <cprof/pprof.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include "sink.h"
#include "tests/unit/unit.h"

static sem_t done;

static void *wait_for_end(void *arg)
{
	while (sem_wait(&done) != 0)
		;
	return arg;
}

static int end_c11(void *arg)
{
	return 0;
}

__attribute__((noipa, noinline)) static void make_pthreads(pthread_t *threads, int n)
{
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_for_end, NULL), 0);
}

__attribute__((noipa, noinline)) static void make_c11_thread(void)
{
	thrd_t t;
	ck_assert_int_eq(thrd_create(&t, end_c11, NULL), thrd_success);
	thrd_join(t, NULL);
}

static bool says(const char *function, int made, int alive)
{
	char head[64];
	char *text = profile_text(cprof_lookup("threadcreate"), 1);
	ck_assert_ptr_nonnull(text);
	snprintf(head, sizeof(head), "%d @ ", made);
	char *record = strstr(text, head);
	char *name = record ? strstr(record, function) : NULL;
	char *end = record ? strstr(record, "\n\n") : NULL;
	int found = -1;
	char *count = record ? strstr(record, "\n# alive: ") : NULL;
	if (count)
		sscanf(count, "\n# alive: %d", &found);
	bool holds = name && end && name < end && count < end && found == alive;
	free(text);
	return holds;
}

START_TEST(made_and_alive_are_counted)
{
	pthread_t threads[7];
	sem_init(&done, 0, 0);
	make_pthreads(threads, 7);
	while (!says("\tmake_pthreads+0x", 7, 7))
		usleep(1000); // they are counted when they begin
	for (int i = 0; i < 3; i++)
		sem_post(&done);
	while (!says("\tmake_pthreads+0x", 7, 4))
		usleep(1000);
	make_c11_thread();
	ck_assert(says("\tmake_c11_thread+0x", 1, 0));
	ck_assert_uint_eq(cprof_profile_count(cprof_lookup("threadcreate")), 2);

	pid_t pid = fork();
	if (pid == 0)
		_exit(says("\tmake_pthreads+0x", 7, 0) ? 0 : 1);
	int status;
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

UNIT_MAIN("threadcreate", made_and_alive_are_counted)
