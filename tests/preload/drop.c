// SPDX-License-Identifier: MIT
// drop HOW: a server that starts as root: uses 600 ms of CPU time, becomes nobody, goes on until it
// has used 2100, and returns or is killed.
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "burn.h"

enum { NOBODY = 65534, ROOTS_MS = 600, ALL_MS = 2100 };

int main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	burn(ROOTS_MS);
	if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		return 2;
	burn(ALL_MS);
	if (strcmp(argv[1], "kill") == 0)
		raise(SIGKILL);
	return 0;
}
