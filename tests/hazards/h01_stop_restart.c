// SPDX-License-Identifier: MIT
// Hazard 1, 9: start and stop again and again while threads run. Handlers still in flight must neither
// write into what stop took down, nor be waited for in vain; each profile is whole.
// h01_stop_restart OUT HZ ENGINE: writes OUT (the last) and OUT.N; says how many.
#include "workload.h"

WORK(busy);

enum { ROUNDS = 40, NTHREADS = 3 };
static _Atomic bool done, pause_asked;
static _Atomic int npaused;

static void *work(void *arg)
{
	while (!done) {
		busy(1);
		if (!pause_asked)
			continue;
		npaused++;
		while (pause_asked)
			usleep(1000);
		npaused--;
	}
	return arg;
}

/** A loaded machine may leave this thread waiting for long: nothing is used meanwhile that is not in the total. */
static void pause_all(void)
{
	pause_asked = true;
	while (npaused < NTHREADS)
		usleep(1000);
}

int main(int argc, char **argv)
{
	pthread_t threads[NTHREADS];
	char path[4096];

	for (int i = 0; i < NTHREADS; i++)
		threads[i] = start_thread(work, NULL);
	workload_start(argc, argv);
	for (int i = 0; i < ROUNDS; i++) {
		usleep(1000 + (useconds_t)i * 500);
		MUST(cprof_stop_cpu_profile() == 0);
		MUST(cprof_stop_cpu_profile() == 0); // none is running: no error
		snprintf(path, sizeof(path), "%s.%d", argv[1], i);
		MUST(workload_restart(path) == 0);
	}
	MUST(cprof_stop_cpu_profile() == 0);

	// What came before must not have spoiled a profile of usual length.
	pause_all();
	int64_t before = process_cpu_ns();
	MUST(workload_restart(argv[1]) == 0);
	pause_asked = false;
	usleep(300000);
	pause_all();
	int64_t total = process_cpu_ns() - before;
	MUST(workload_stop_profile() == 0);
	done = true;
	pause_asked = false;
	for (int i = 0; i < NTHREADS; i++)
		join_thread(threads[i]);
	say("total %lld", (long long)total);
	say("rounds %d", ROUNDS);
	return 0;
}
