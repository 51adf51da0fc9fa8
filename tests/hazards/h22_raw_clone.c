// SPDX-License-Identifier: MIT
// Hazard 22, 24: threads that libc does not know, with a thread pointer into zeroed memory: as runtimes
// and sandboxes make them. They are found, sampled, and no handler trips over what is not set up.
#include "workload.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

WORK(raw);

enum { THREADS = 4, STACK_BYTES = 128 << 10, TLS_BYTES = 64 << 10 };
static _Atomic int tids[THREADS];

static int live(void *arg)
{
	raw(300);
	return 0;
}

static char *pages(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	return p;
}

int main(int argc, char **argv)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			CLONE_SETTLS | CLONE_CHILD_CLEARTID;

	workload_start(argc, argv);
	for (int i = 0; i < THREADS; i++) {
		tids[i] = 1;
		char *tls = pages(TLS_BYTES) + TLS_BYTES / 2;
		MUST(clone(live, pages(STACK_BYTES) + STACK_BYTES, flags, NULL, NULL, tls, &tids[i]) > 0);
	}
	for (int i = 0; i < THREADS; i++) {
		while (tids[i])
			syscall(SYS_futex, &tids[i], FUTEX_WAIT, 1, NULL, NULL, 0);
	}
	workload_stop();
	return 0;
}
