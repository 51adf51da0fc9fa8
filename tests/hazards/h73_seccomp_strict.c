// SPDX-License-Identifier: MIT
// Hazard 73: a worker shuts itself into a sandbox that kills the process for any system call but a few: what
// a handler does there must be among what the thread did before. The rest of the process runs on.
#include "workload.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

WORK(in_sandbox);

static void lock_up(void)
{
#define ALLOW(name) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			ALLOW(rt_sigreturn),
			ALLOW(clock_gettime),
			ALLOW(rt_sigprocmask), // the end of a thread
			ALLOW(madvise),
			ALLOW(munmap),
			ALLOW(futex),
			ALLOW(exit),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
}

static void *work(void *arg)
{
	lock_up();
	in_sandbox(500);
	// Not back to libc: the end of a pthread is the application's to allow, not ours to test.
	syscall(SYS_exit, 0);
	return arg;
}

int main(int argc, char **argv)
{
	workload_start(argc, argv);
	pthread_t t = start_thread(work, NULL);
	join_thread(t);
	workload_stop();
	return 0;
}
