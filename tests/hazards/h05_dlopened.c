// SPDX-License-Identifier: MIT
// Hazard 5: the profiler comes late, by dlopen, into a process with threads: its thread-local bytes must
// not be allocated by the first handler that touches them. And dlclose must not take it away while
// signals are on their way. h05_dlopened OUT HZ ENGINE LIBRARY; not linked with libcprof.
#include "workload.h"

#include <dlfcn.h>

WORK(before);
WORK(busy);

static _Atomic bool started, done;

static void *work(void *arg)
{
	while (!started)
		before(1);
	while (!done)
		busy(1);
	return arg;
}

static void *symbol(void *library, const char *name)
{
	void *address = dlsym(library, name);
	MUST(address);
	return address;
}

int main(int argc, char **argv)
{
	pthread_t threads[3];

	MUST(argc == 5);
	for (int i = 0; i < 3; i++)
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

	MUST(set_rate(atoi(argv[2])) == 0);
	MUST(set_engine(!strcmp(argv[3], "perf") ? CPROF_CPU_PERF : CPROF_CPU_TIMER) == 0);
	MUST(start(to_path(argv[1])) == 0);
	char none[] = "-";
	workload_start(4, (char *[]){argv[0], none, argv[2], argv[3]});
	started = true;
	dlclose(library);
	usleep(300000);
	workload_stop_profile();
	MUST(stop() == 0);
	done = true;
	for (int i = 0; i < 3; i++)
		join_thread(threads[i]);
	workload_print_truth();
	return 0;
}
