// SPDX-License-Identifier: MIT
// Hazard 31, 33: fork in the middle of a profile. The child has neither timers nor descriptors of ours and
// is not profiled; it may start a profile of its own, which has its work alone. The parent's has none of it.
// h31_fork_child OUT HZ ENGINE: the children write OUT.child.N
#include "workload.h"

#include <dirent.h>
#include <sys/wait.h>

WORK(in_parent);
WORK(in_child);

enum { CHILDREN = 6 };
static _Atomic bool done;

static void *work(void *arg)
{
	while (!done)
		in_parent(1);
	return arg;
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -1; // the directory's own
	MUST(dir);
	for (struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static _Noreturn void be_child(const char *path, int files)
{
	in_child(20); // a timer of ours that came along would end the child here or stand in its profile
	if (open_files() != files)
		workload_fail(__FILE__, __LINE__, "the child has no descriptors of ours");
	MUST(workload_restart(path) == 0);
	in_child(200);
	MUST(cprof_stop_cpu_profile() == 0);
	exit(0);
}

int main(int argc, char **argv)
{
	char path[4096];
	int files = open_files();

	workload_start(argc, argv);
	pthread_t t = start_thread(work, NULL);
	for (int i = 0; i < CHILDREN; i++) {
		int status = -1;
		in_parent(20);
		snprintf(path, sizeof(path), "%s.child.%d", argv[1], i);
		pid_t pid = fork();
		MUST(pid >= 0);
		if (pid == 0)
			be_child(path, files);
		MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	done = true;
	join_thread(t);
	workload_stop();
	say("children %d", CHILDREN);
	return 0;
}
