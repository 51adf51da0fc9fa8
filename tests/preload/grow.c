// SPDX-License-Identifier: MIT
// grow HOW [second]: keeps 32 MiB, lives on for as long as it takes to be seen, and ends: kill, segv, exit_group (past
// libc), return, setuid (as nobody, by return). second: while there is another thread.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "raw_exit.h"

enum { PIECES = 32, PIECE_BYTES = 1 << 20, PAUSE_US = 10000, LAST_PAUSE_US = 1500000, NOBODY = 65534 };

static char *volatile kept[PIECES + 1];

static __attribute__((noinline)) void keep(void)
{
	for (int i = 0; i < PIECES; i++) {
		kept[i] = malloc(PIECE_BYTES);
		usleep(PAUSE_US);
	}
}

static void *stay(void *arg)
{
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t other;
	if (argc < 2 || (argc > 2 && pthread_create(&other, NULL, stay, NULL) != 0))
		return 2;
	keep();
	usleep(LAST_PAUSE_US);
	if (!strcmp(argv[1], "kill"))
		raise(SIGKILL);
	if (!strcmp(argv[1], "segv"))
		*(volatile int *)kept[PIECES] = 0; // NULL
	if (!strcmp(argv[1], "exit_group"))
		raw_exit_group(7);
	if (!strcmp(argv[1], "setuid") && setuid(NOBODY) != 0)
		return 3;
	return 0;
}
