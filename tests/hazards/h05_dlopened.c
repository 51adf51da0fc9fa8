// SPDX-License-Identifier: MIT
// Hazard 5: the profiler comes late, by dlopen, into a process with threads: its thread-local bytes must
// not be allocated by the first handler that touches them. And dlclose must not take it away while
// signals are on their way. h05_dlopened OUT HZ ENGINE LIBRARY; not linked with libcprof.
#include "workload.h"

#include <dlfcn.h>

WORK(busy);

enum { NTHREADS = 3, WORK_MS = 300 };
enum stage { BEFORE, STARTING, MEASURED, STOPPING, OVER };

static struct work before_work = {.name = "before"}; // not registered: no profile has it
static _Atomic enum stage stage;
static _Atomic int nidle;

/** While the profile starts and stops they use no CPU time: how long that takes is in nobody's sum. */
static void idle_until(enum stage next)
{
	nidle++;
	while (stage < next)
		usleep(1000);
	nidle--;
}

static void *work(void *arg)
{
	while (stage == BEFORE)
		spin(&before_work, 1);
	idle_until(MEASURED);
	while (stage == MEASURED)
		busy(1);
	idle_until(OVER);
	return arg;
}

static void enter_idle(enum stage next)
{
	stage = next;
	while (nidle < NTHREADS)
		usleep(1000);
}

static void *symbol(void *library, const char *name)
{
	void *address = dlsym(library, name);
	MUST(address);
	return address;
}

int main(int argc, char **argv)
{
	pthread_t threads[NTHREADS];

	MUST(argc == 5);
	for (int i = 0; i < NTHREADS; i++)
		threads[i] = start_thread(work, NULL);
	void *library = dlopen(argv[4], RTLD_NOW | RTLD_LOCAL);
	if (!library)
		say("error %s", dlerror());
	MUST(library);
	int (*set_rate)(int), (*set_engine)(enum cprof_cpu_engine);
	int (*start)(struct cprof_writer), (*stop)(void);
	struct cprof_writer (*to_path)(const char *);
	*(void **)&set_rate = symbol(library, "cprof_set_cpu_profile_rate");
	*(void **)&set_engine = symbol(library, "cprof_set_cpu_engine");
	*(void **)&to_path = symbol(library, "cprof_to_path");
	*(void **)&start = symbol(library, "cprof_start_cpu_profile");
	*(void **)&stop = symbol(library, "cprof_stop_cpu_profile");

	enter_idle(STARTING);
	MUST(set_rate(atoi(argv[2])) == 0);
	MUST(set_engine(!strcmp(argv[3], "perf") ? CPROF_CPU_PERF : CPROF_CPU_TIMER) == 0);
	MUST(start(to_path(argv[1])) == 0);
	char none[] = "-";
	workload_start(4, (char *[]){argv[0], none, argv[2], argv[3]});
	int64_t until_ns = process_cpu_ns() + WORK_MS * 1000000LL;
	stage = MEASURED;
	dlclose(library);
	while (process_cpu_ns() < until_ns)
		usleep(1000);
	enter_idle(STOPPING);
	workload_stop_profile();
	MUST(stop() == 0);
	stage = OVER;
	for (int i = 0; i < NTHREADS; i++)
		join_thread(threads[i]);
	workload_print_truth();
	return 0;
}
