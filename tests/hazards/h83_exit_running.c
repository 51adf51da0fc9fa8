// SPDX-License-Identifier: MIT
// Hazard 83: the program ends while its threads run and its profile is on. h83_exit_running OUT HZ ENGINE exit|quick
// Nobody may crash in what the end takes down; and a stop in an exit handler still writes the profile.
#include "workload.h"

WORK(busy);

static void *work(void *arg)
{
	for (;;)
		busy(1);
	return arg;
}

int main(int argc, char **argv)
{
	MUST(argc == 5);
	if (strcmp(argv[4], "quick"))
		atexit(workload_stop);
	workload_start(argc, argv);
	for (int i = 0; i < 4; i++)
		start_thread(work, NULL);
	usleep(300000);
	if (!strcmp(argv[4], "quick"))
		_exit(0);
	exit(0);
}
