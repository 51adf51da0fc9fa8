// SPDX-License-Identifier: MIT
// Hazard 32: a child of vfork or posix_spawn runs in our memory until it calls exec. What it does must leave
// no trace in the profiler, and at a high rate it must come to its exec.
#include "workload.h"

#include <spawn.h>
#include <sys/wait.h>

WORK(between);

enum { ROUNDS = 100 };

static void reap(pid_t pid, int expected)
{
	int status = -1;
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(WIFEXITED(status) && WEXITSTATUS(status) == expected);
}

int main(int argc, char **argv)
{
	char name[] = "true", *const true_argv[] = {name, NULL}, *const none[] = {NULL};

	workload_start(argc, argv);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = vfork();
		if (pid == 0)
			_exit(3);
		MUST(pid > 0);
		reap(pid, 3);
		pid = vfork();
		if (pid == 0) {
			execve("/bin/true", true_argv, none);
			_exit(127);
		}
		reap(pid, 0);
		MUST(posix_spawn(&pid, "/bin/true", NULL, NULL, true_argv, none) == 0);
		reap(pid, 0);
		between(3);
	}
	workload_stop();
	return 0;
}
