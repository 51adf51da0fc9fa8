// SPDX-License-Identifier: MIT
// family: 300 ms in the parent, 200 in a child that only forks, 200 in one that forks and execs, 0 in one
// that fails to exec; each exits or returns.
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

enum { PARENT_MS = 300, CHILD_MS = 500 }; // a forked child's thread has its own clock

int main(int argc, char **argv)
{
	int status;
	if (argc > 1) {
		burn(CHILD_MS - PARENT_MS);
		return 0;
	}
	burn(PARENT_MS);
	if (fork() == 0) {
		burn(CHILD_MS - PARENT_MS);
		exit(0);
	}
	if (fork() == 0)
		execl(argv[0], argv[0], "child", NULL);
	if (vfork() == 0) {
		execl("/nonexistent", "nonexistent", NULL);
		_exit(3);
	}
	while (wait(&status) > 0)
		;
	return 0;
}
