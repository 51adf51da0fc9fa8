// SPDX-License-Identifier: MIT
// recorder MODE FILE: the flight recorder.
//   snapshot  fills its memory many times over, then writes a snapshot; prints what is resident before and after
//   segv, abort, kill  the same, then the process ends by a signal, in a region "fatal" of a thread of its own
//   beside    a snapshot of some regions, when a trace has begun and ended meanwhile
//   within    a trace of many regions, beside a recorder of little memory that has begun meanwhile
//   fork      a child does not trace, and has its own recorder when it wants one
#include <cprof/pprof.h>
#include <cprof/trace.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_BYTES = 1 << 20, REGIONS = 1000000 };

static long resident_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib;
}

static void fill(int nregions)
{
	for (int i = 0; i < nregions; i++) {
		CPROF_TRACE_REGION("filling");
	}
}

static int drop(void *arg, const void *data, size_t nbytes)
{
	return 0;
}

static int record_beside(const char *path)
{
	const struct cprof_flight_recorder_options options = {.max_bytes = MAX_BYTES};
	if (cprof_flight_recorder_start(&options) != 0 || cprof_trace_start(cprof_to_callback(drop, NULL)) != 0)
		return 5;
	fill(REGIONS);
	if (cprof_trace_stop() != 0)
		return 6;
	fill(REGIONS);
	return cprof_flight_recorder_write_to(cprof_to_path(path)) == 0 ? 0 : 3;
}

static int trace_within(const char *path)
{
	const struct cprof_flight_recorder_options options = {.max_bytes = MAX_BYTES};
	if (cprof_trace_start(cprof_to_path(path)) != 0 || cprof_flight_recorder_start(&options) != 0)
		return 5;
	fill(REGIONS / 4);
	return cprof_trace_stop() == 0 ? 0 : 6;
}

static void raise_fault(void)
{
	volatile uintptr_t nowhere = 8; // so that the compiler does not know
	*(volatile int *)nowhere = 1;
}

static void *die(void *arg)
{
	CPROF_TRACE_REGION("fatal");
	if (strcmp(arg, "segv") == 0)
		raise_fault();
	else if (strcmp(arg, "abort") == 0)
		abort();
	else
		raise(SIGSEGV);
	return NULL;
}

static int in_child(const char *path)
{
	if (cprof_trace_is_enabled() || cprof_flight_recorder_is_enabled())
		return 1;
	if (cprof_flight_recorder_start(NULL) != 0)
		return 2;
	{
		CPROF_TRACE_REGION("child");
	}
	return cprof_flight_recorder_write_to(cprof_to_path(path)) == 0 ? 0 : 3;
}

static int fork_child(const char *path)
{
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(in_child(path));
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 1;
	if (strcmp(argv[1], "beside") == 0)
		return record_beside(argv[2]);
	if (strcmp(argv[1], "within") == 0)
		return trace_within(argv[2]);
	bool dies = strcmp(argv[1], "snapshot") != 0 && strcmp(argv[1], "fork") != 0;
	const struct cprof_flight_recorder_options options = {
		.max_bytes = MAX_BYTES,
		.crash_path = dies ? argv[2] : NULL,
	};
	{
		CPROF_TRACE_REGION("before");
	}
	if (cprof_flight_recorder_start(&options) != 0 || cprof_flight_recorder_start(NULL) == 0)
		return 2;
	fill(REGIONS);
	long before_kib = resident_kib();
	fill(REGIONS);
	printf("%ld %ld\n", before_kib, resident_kib());
	fflush(stdout);
	if (strcmp(argv[1], "fork") == 0)
		return fork_child(argv[2]);
	if (!dies)
		return cprof_flight_recorder_write_to(cprof_to_path(argv[2])) == 0 ? 0 : 3;
	pthread_t thread;
	cprof_set_labels(cprof_labels("phase", "end", (char *)NULL));
	pthread_create(&thread, NULL, die, argv[1]);
	pthread_join(thread, NULL);
	return 4;
}
