// SPDX-License-Identifier: MIT
// Hazard 19: threads with the smallest stack there is, and little left of it when the signal comes.
#include "workload.h"

#include <limits.h>

WORK(on_a_small_stack);

enum { HANDLER_BYTES = 8 << 10, STACK_BYTES = 16 << 10 };
static uintptr_t lowest[4];

// Goes down until only what a signal frame and a modest handler need is left, then works.
KEPT static void go_down(uintptr_t limit)
{
	volatile char frame[256];
	frame[0] = 0;
	if ((uintptr_t)frame > limit)
		go_down(limit);
	else
		on_a_small_stack(100);
	frame[1] = 0;
}

static void *work(void *arg)
{
	go_down((uintptr_t)arg);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	size_t left = HANDLER_BYTES + (size_t)sysconf(_SC_MINSIGSTKSZ);
	size_t size = STACK_BYTES > PTHREAD_STACK_MIN ? STACK_BYTES : (size_t)PTHREAD_STACK_MIN;

	workload_start(argc, argv);
	for (int i = 0; i < 4; i++) {
		pthread_attr_t attr;
		void *stack = aligned_alloc(4096, size);
		MUST(stack);
		lowest[i] = (uintptr_t)stack + left;
		MUST(pthread_attr_init(&attr) == 0);
		MUST(pthread_attr_setstack(&attr, stack, size) == 0);
		MUST(pthread_create(&threads[i], &attr, work, (void *)lowest[i]) == 0);
		pthread_attr_destroy(&attr);
	}
	for (int i = 0; i < 4; i++)
		join_thread(threads[i]);
	workload_stop();
	return 0;
}
