// SPDX-License-Identifier: MIT
// Hazard 23: the application leaves its own signal handler by siglongjmp, and that handler may have
// interrupted ours. A guard of ours that stays set would end the thread's samples for good.
#include "workload.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

WORK(between_jumps);
WORK(afterwards);

static sigjmp_buf back;
static volatile sig_atomic_t jumps, armed;

static void on_alarm(int sig)
{
	if (!armed)
		return;
	armed = 0;
	jumps++;
	siglongjmp(back, 1);
}

int main(int argc, char **argv)
{
	struct itimerval each_half_ms = {{0, 500}, {0, 500}}, off = {{0, 0}, {0, 0}};
	struct sigaction sa = {.sa_handler = on_alarm};

	workload_start(argc, argv);
	MUST(sigaction(SIGALRM, &sa, NULL) == 0);
	MUST(setitimer(ITIMER_REAL, &each_half_ms, NULL) == 0);
	int64_t until = thread_cpu_ns() + 300000000;
	while (thread_cpu_ns() < until) {
		if (sigsetjmp(back, 1) == 0) {
			armed = 1;
			between_jumps(2); // does not come to its end, nor into the truth, when it is left
			armed = 0;
		}
	}
	MUST(setitimer(ITIMER_REAL, &off, NULL) == 0);
	afterwards(300);
	workload_stop();
	MUST(jumps > 20);
	return 0;
}
