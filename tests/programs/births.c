// SPDX-License-Identifier: MIT
// Threads of 1 ms: births OUT HZ ENGINE pthread|clone COUNT. One long thread (steady) works as much as all
// the short ones together; of these every third does rare(), the others often().
#include "workload.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

WORK(steady);
WORK(often);
WORK(rare);

enum { STACK_BYTES = 64 << 10 };
static int count;

static void live_shortly(int i)
{
	if (i % 3 == 2)
		rare(1);
	else
		often(1);
}

static void *short_pthread(void *arg)
{
	live_shortly((int)(intptr_t)arg);
	return NULL;
}

static int short_clone(void *arg)
{
	live_shortly((int)(intptr_t)arg);
	return 0;
}

// A thread nobody told libc about. It has the TLS of its parent, so it must not touch errno and the
// like while the parent runs: the parent sleeps on the tid that the kernel clears at its end.
static void clone_and_wait(char *stack, int i)
{
	static _Atomic int tid;
	tid = 1;
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			CLONE_CHILD_CLEARTID;
	MUST(clone(short_clone, stack + STACK_BYTES, flags, (void *)(intptr_t)i, NULL, NULL, &tid) > 0);
	while (tid)
		syscall(SYS_futex, &tid, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static void *work_steadily(void *arg)
{
	steady(count);
	return arg;
}

int main(int argc, char **argv)
{
	MUST(argc == 6);
	count = atoi(argv[5]);
	bool raw = !strcmp(argv[4], "clone");
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(stack != MAP_FAILED);

	workload_start(argc, argv);
	pthread_t t = start_thread(work_steadily, NULL);
	for (int i = 0; i < count; i++) {
		if (raw)
			clone_and_wait(stack, i);
		else
			join_thread(start_thread(short_pthread, (void *)(intptr_t)i));
	}
	join_thread(t);
	workload_stop();
	return 0;
}
