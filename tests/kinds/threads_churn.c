// SPDX-License-Identifier: MIT
// threads_churn DUMPS: all threads are asked for their stacks over and over, under a CPU profile, while threads
// come and go under labels that change, the process forks, and a second thread asks, too. Go's TestTracebackAll,
// TestGoroutineProfileConcurrency and TestGoroutineProfileLabelRace.
// Prints nothing; hangs, crashes or exits 1 if something is wrong.
#include <cprof/pprof.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sink.h"

enum { PERMANENT = 8 };

static atomic_bool is_over;
static sem_t never;

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

__attribute__((noinline)) static void *permanent(void *arg)
{
	while (sem_wait(&never) != 0)
		;
	return arg;
}

static void *nothing(void *arg)
{
	return arg;
}

static void *churn(void *arg)
{
	for (int turn = 0; !atomic_load(&is_over); turn++) {
		pthread_t t;
		cprof_set_labels(cprof_labels("turn", turn % 2 ? "odd" : "even", (char *)NULL));
		if (pthread_create(&t, NULL, nothing, NULL) == 0)
			pthread_join(t, NULL);
	}
	return arg;
}

static void *fork_on(void *arg)
{
	while (!atomic_load(&is_over)) {
		pid_t pid = fork();
		if (pid == 0) { // the child may ask as well
			char *text = profile_text(cprof_lookup("threads"), 1);
			_exit(text && strstr(text, "total 1\n") ? 0 : 1);
		}
		int status = 0;
		waitpid(pid, &status, 0);
		if (status != 0)
			fail("a fork child did not see itself alone");
		usleep(1000);
	}
	return arg;
}

static void *ask_too(void *arg)
{
	while (!atomic_load(&is_over))
		free(profile_text(cprof_lookup("threads"), 2));
	return arg;
}

static int count_permanent(const char *text)
{
	return text_count(text, "\npermanent+0x");
}

static int count_labelled(const char *text)
{
	return text_count(text, " {\"who\":\"permanent\"}:\n");
}

/** Threads that say why they have no stack, and tell no labels: one in the CPU profile's handler blocks ours. */
static int count_unavailable(const char *text)
{
	return text_count(text, "\n\tstack unavailable: ");
}

static void start_permanent(void *arg)
{
	pthread_t t;
	for (int i = 0; i < PERMANENT; i++)
		pthread_create(&t, NULL, permanent, arg);
}

int main(int argc, char **argv)
{
	int ndumps = argc > 1 ? atoi(argv[1]) : 100;
	pthread_t t[3];
	sem_init(&never, 0, 0);
	if (cprof_set_cpu_profile_rate(1000) < 0 || cprof_start_cpu_profile(cprof_to_path("/dev/null")) < 0)
		fail("no CPU profile");
	cprof_do(cprof_labels("who", "permanent", (char *)NULL), start_permanent, NULL);
	while (true) { // until they wait
		char *text = profile_text(cprof_lookup("threads"), 2);
		int n = text ? count_permanent(text) : 0;
		free(text);
		if (n == PERMANENT)
			break;
	}
	pthread_create(&t[0], NULL, churn, NULL);
	pthread_create(&t[1], NULL, fork_on, NULL);
	pthread_create(&t[2], NULL, ask_too, NULL);
	for (int i = 0; i < ndumps; i++) {
		char *text = profile_text(cprof_lookup("threads"), 2);
		if (!text || count_permanent(text) > PERMANENT ||
				count_permanent(text) + count_unavailable(text) < PERMANENT ||
				count_labelled(text) > PERMANENT ||
				count_labelled(text) + count_unavailable(text) < PERMANENT)
			fail(text ? text : "no dump");
		free(text);
	}
	atomic_store(&is_over, true);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	return cprof_stop_cpu_profile() < 0;
}
