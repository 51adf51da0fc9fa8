// SPDX-License-Identifier: MIT
// Hazard 36: no exit handler runs at these ends, and what was sampled must be in the file all the same.
// h36_ends - HZ ENGINE kill|_exit|abort|segv|exec|thread_exec, under `cprof run`.
#include "workload.h"

#include <signal.h>
#include <sys/mman.h>

WORK(before_the_end);

static void *exec_true(void *arg)
{
	execl("/bin/true", "true", (char *)NULL);
	return arg;
}

int main(int argc, char **argv)
{
	MUST(argc == 5);
	const char *how = argv[4];
	workload_start(argc, argv);
	before_the_end(1500);
	workload_stop();
	if (!strcmp(how, "kill"))
		raise(SIGKILL);
	else if (!strcmp(how, "_exit"))
		_exit(0);
	else if (!strcmp(how, "abort"))
		abort();
	else if (!strcmp(how, "segv"))
		*(volatile char *volatile)NULL = 1;
	else if (!strcmp(how, "exec"))
		exec_true(NULL);
	else
		join_thread(start_thread(exec_true, NULL));
	return 1;
}
