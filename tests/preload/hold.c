// SPDX-License-Identifier: MIT
// hold HOW: allocates 300 blocks of 10000 bytes that it keeps and 700 that it frees, then returns, calls
// _exit, or forks a child that keeps 100 more.
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 10000, KEPT = 300, DROPPED = 700, CHILDS = 100 };

static void *volatile block; // so that the compiler leaves malloc and free alone

__attribute__((noipa)) static void keep(int n)
{
	while (n-- > 0)
		block = malloc(BYTES);
}

__attribute__((noipa)) static void drop(int n)
{
	while (n-- > 0) {
		block = malloc(BYTES);
		free(block);
	}
}

int main(int argc, char **argv)
{
	keep(KEPT);
	drop(DROPPED);
	if (strcmp(argv[1], "_exit") == 0)
		_exit(0);
	if (strcmp(argv[1], "fork") == 0 && fork() == 0) {
		keep(CHILDS);
		return 0;
	}
	wait(NULL);
	return 0;
}
