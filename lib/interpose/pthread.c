// SPDX-License-Identifier: MIT
// Context: SIG. Threads as they are born and as they die.
//
// A new thread arms itself before its start routine and is accounted for when it ends, however it
// ends: a destructor of thread-specific data runs after a return, pthread_exit and cancellation
// alike. Our key is made in the constructor, so that it is among the first, which need no memory.
//
// The functions carry no version: so they answer for each version the program may ask for.
#include <pthread.h>
#include <threads.h>

#include "kind/cpu_hook.h"
#include "kind/own_thread_hook.h"
#include "kind/threadcreate_hook.h"
#include "kind/trace_hook.h"
#include "next.h"
#include "record/finish_hook.h"
#include "visible.h"
#include "sigsafe/atomic.h"
#include "sigsafe/card.h"
#include "sigsafe/labels.h"

CP_NEXT(int, pthread_create, (pthread_t *handle, const pthread_attr_t *attr, void *(*start)(void *), void *arg),
		(handle, attr, start, arg))
CP_NEXT(int, thrd_create, (thrd_t *handle, thrd_start_t start, void *arg), (handle, start, arg))

static pthread_key_t end_key;
static _Atomic bool has_end_key;

static void thread_ends(void *start)
{
	cp_threadcreate_end();
	cp_trace_thread_end((uintptr_t)pthread_self());
	cp_cpu_thread_end((uintptr_t)start); // its last sample has its labels
	cp_card_give_back();
}

__attribute__((constructor(CP_EARLY_PRIORITY))) static void make_key(void)
{
	store(&has_end_key, pthread_key_create(&end_key, thread_ends) == 0, release);
}

static void thread_begins(struct cp_thread *t)
{
	if (load(&has_end_key, acquire))
		pthread_setspecific(end_key, (void *)t->start);
	if (t->labels)
		cp_labels_set(t->labels);
	if (load(&has_end_key, relaxed))
		cp_threadcreate_begin(t->created_at);
	cp_trace_thread_begin(&t->birth, t->start);
	cp_cpu_thread_begin(t);
}

static void *run_pthread(void *arg)
{
	struct cp_thread *t = arg;
	void *(*start)(void *) = (void *(*)(void *))t->start;
	void *start_arg = t->arg;
	thread_begins(t);
	return start(start_arg); // a tail call: we are not in its stack
}

static int run_c11_thread(void *arg)
{
	struct cp_thread *t = arg;
	thrd_start_t start = (thrd_start_t)t->start;
	void *start_arg = t->arg;
	thread_begins(t);
	return start(start_arg);
}

/** A record for a thread about to be made; NULL: it is one of ours, or there is no memory. Also while no
 *  profile runs: one may, when the thread ends. */
static struct cp_thread *expect_thread(uintptr_t start, void *arg, const void *caller)
{
	if (start == load(&cp_thread_own_entry, relaxed))
		return NULL;
	cp_own_threads_before_libcs();
	cp_finish_before_thread();
	struct cp_thread *t = cp_thread_new();
	if (t) {
		t->start = start;
		t->arg = arg;
		t->is_newborn = true;
		t->labels = cp_labels_current();
		t->created_at = cp_threadcreate_stack(caller);
		cp_trace_thread_expect(&t->birth, caller);
	}
	return t;
}

CP_VISIBLE int pthread_create(
	pthread_t *handle, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	struct cp_thread *t = expect_thread((uintptr_t)start, arg, __builtin_return_address(0));
	if (!t)
		return next_pthread_create(handle, attr, start, arg);
	struct cp_stack *created_at = t->created_at;
	int ret = next_pthread_create(handle, attr, run_pthread, t);
	if (ret != 0)
		cp_thread_free(t);
	else
		cp_threadcreate_made(created_at);
	return ret;
}

CP_VISIBLE int thrd_create(thrd_t *handle, thrd_start_t start, void *arg)
{
	struct cp_thread *t = expect_thread((uintptr_t)start, arg, __builtin_return_address(0));
	if (!t)
		return next_thrd_create(handle, start, arg);
	struct cp_stack *created_at = t->created_at;
	int ret = next_thrd_create(handle, run_c11_thread, t);
	if (ret != thrd_success)
		cp_thread_free(t);
	else
		cp_threadcreate_made(created_at);
	return ret;
}
