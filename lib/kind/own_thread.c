// SPDX-License-Identifier: MIT
// Context: CTL. See own_thread.h.
#include <sys/prctl.h>

#include "heap_hook.h"
#include "own_thread.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/thread.h"

enum { STACK_BYTES = 256 << 10 }; // encoding a profile takes the most

static void *run_own_thread(void *arg)
{
	struct cp_own_thread *t = arg;
	cp_thread_exclude_self();
	cp_heap_exclude_self(true);
	prctl(PR_SET_NAME, t->name);
	store(&t->has_begun, 1, release);
	cp_futex_wake(&t->has_begun, 1);
	t->run(t->arg);
	cp_thread_include_self();
	return NULL;
}

int cp_own_thread_start(struct cp_own_thread *t)
{
	pthread_attr_t attr;
	store(&t->has_begun, 0, relaxed);
	int ret = pthread_attr_init(&attr);
	if (ret)
		return -ret;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	// Born with everything blocked: the application's signals are for its own threads.
	uint64_t mask = cp_sigmask_block_all();
	store(&cp_thread_own_entry, (uintptr_t)run_own_thread, relaxed);
	bool was_own = cp_heap_exclude_self(true); // libc allocates for it
	ret = pthread_create(&t->handle, &attr, run_own_thread, t);
	cp_heap_exclude_self(was_own);
	cp_sigmask_restore(mask);
	pthread_attr_destroy(&attr);
	while (ret == 0 && !load(&t->has_begun, acquire))
		cp_futex_wait(&t->has_begun, 0, CP_FUTEX_FOREVER);
	return -ret;
}

void cp_own_thread_join(struct cp_own_thread *t)
{
	pthread_join(t->handle, NULL);
}
