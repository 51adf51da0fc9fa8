// SPDX-License-Identifier: MIT
// Hazard 34, 35: children of a profiled program end in their turn, by exit, _exit and exec; none of them may
// write over their parent's profile, nor stand in it. h34_children - HZ ENGINE, under `cprof run`.
#include "workload.h"

#include <sys/wait.h>

WORK(in_parent);
WORK(in_child);

static _Noreturn void be_child(int i)
{
	in_child(150);
	if (i % 3 == 0)
		exit(0);
	if (i % 3 == 1)
		_exit(0);
	execl("/bin/true", "true", (char *)NULL);
	_exit(127);
}

int main(int argc, char **argv)
{
	workload_start(argc, argv);
	for (int i = 0; i < 6; i++) {
		int status = -1;
		in_parent(50);
		pid_t pid = fork();
		MUST(pid >= 0);
		if (pid == 0)
			be_child(i);
		MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	workload_stop();
	return 0;
}
