// SPDX-License-Identifier: MIT
// bring: has a libcprof of its own. A child ends by exit(), another by a system call that ends its one thread, and a
// third by one for the process; status 7 if each has status 7.
#include <cprof/pprof.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS = 7, NWAYS = 3 };

static void end(int way)
{
	free(malloc(100));
	if (way > 0)
		syscall(way == 1 ? SYS_exit : SYS_exit_group, STATUS);
	exit(STATUS);
}

int main(void)
{
	if (!cprof_version())
		return 1;
	for (int way = 0; way < NWAYS; way++) {
		int status = 0;
		pid_t child = fork();
		if (child == 0)
			end(way);
		if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != STATUS)
			return 2 + way;
	}
	return STATUS;
}
