// SPDX-License-Identifier: MIT
// Hazard 28, 73: a sandbox refuses the system calls engines are made of. h28_seccomp OUT HZ ENGINE perf|timer|both
// The next engine takes over, and the profile's comments say so.
#include "workload.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

WORK(busy);

static void deny(int number)
{
	struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = code};
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
}

static void *work(void *arg)
{
	busy(250);
	return arg;
}

int main(int argc, char **argv)
{
	MUST(argc == 5);
	if (strcmp(argv[4], "timer"))
		deny(SYS_perf_event_open);
	if (strcmp(argv[4], "perf"))
		deny(SYS_timer_create);
	workload_start(argc, argv);
	pthread_t t = start_thread(work, NULL);
	work(NULL);
	join_thread(t);
	workload_stop();
	return 0;
}
