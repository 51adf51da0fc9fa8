// SPDX-License-Identifier: MIT
// Hazard 9: a signal of ours is still pending when the profile ends (its thread has it blocked). When it is
// let in at last, the process must not die of it, nor the application's handler be called.
#include "workload.h"

#include <signal.h>

WORK(with_signals_blocked);
WORK(busy);

int main(int argc, char **argv)
{
	sigset_t all, old;

	sigfillset(&all);
	workload_start(argc, argv);
	busy(200);
	workload_stop();
	for (int i = 0; i < 20; i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s.pending", argv[1]);
		MUST(workload_restart(path) == 0);
		MUST(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
		with_signals_blocked(10);
		MUST(cprof_stop_cpu_profile() == 0);
		MUST(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
		unlink(path);
	}
	return 0;
}
