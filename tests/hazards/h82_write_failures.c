// SPDX-License-Identifier: MIT
// Hazard 82: the profile cannot be written. Each error comes back from the call that met it, nothing of a
// file is left behind, no SIGPIPE kills the process, and the next profile works.
#include "workload.h"

#include <fcntl.h>
#include <sys/stat.h>

WORK(busy);

static int refuse(void *arg, const void *data, size_t size)
{
	return size ? -EXDEV : 0;
}

static void stop_gives(struct cprof_writer writer, int expected)
{
	int got = cprof_start_cpu_profile(writer);
	if (got == 0) {
		busy(30);
		got = cprof_stop_cpu_profile();
	}
	if (got != expected) {
		say("got %d", got);
		say("expected %d", expected);
		workload_fail(__FILE__, __LINE__, "the writer's error comes back");
	}
	MUST(cprof_strerror(got)[0] != 0);
}

int main(int argc, char **argv)
{
	char path[4096];
	int pipe_fds[2];
	int full = open("/dev/full", O_WRONLY), closed = dup(full);

	MUST(full >= 0 && closed >= 0 && close(closed) == 0);
	MUST(pipe(pipe_fds) == 0 && close(pipe_fds[0]) == 0);
	stop_gives(cprof_to_fd(full), -ENOSPC);
	stop_gives(cprof_to_fd(closed), -EBADF);
	stop_gives(cprof_to_fd(pipe_fds[1]), -EPIPE);
	stop_gives(cprof_to_callback(refuse, NULL), -EXDEV);
	snprintf(path, sizeof(path), "%s.no/such/folder", argv[1]);
	stop_gives(cprof_to_path(path), -ENOENT);
	snprintf(path, sizeof(path), "%s.folder", argv[1]);
	MUST(mkdir(path, 0755) == 0);
	stop_gives(cprof_to_path(path), -EISDIR);
	MUST(rmdir(path) == 0);

	workload_start(argc, argv);
	int64_t before = thread_cpu_ns();
	busy(300);
	int64_t ns = thread_cpu_ns() - before;
	MUST(workload_stop_profile() == 0);
	say("total %lld", (long long)ns);
	say("truth busy %lld", (long long)ns);
	return 0;
}
