// SPDX-License-Identifier: MIT
// Context: SIG. Threads as they are born and as they die.
//
// A new thread arms itself before its start routine and is accounted for when it ends, however it
// ends: a destructor of thread-specific data runs after a return, pthread_exit and cancellation
// alike. Our key is made in the constructor, so that it is among the first, which need no memory.
//
// The functions carry no version: so they answer for each version the program may ask for.
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

#include "kind/cpu_hook.h"
#include "kind/heap_hook.h"
#include "kind/last_thread_hook.h"
#include "kind/own_thread_hook.h"
#include "kind/threadcreate_hook.h"
#include "kind/trace_hook.h"
#include "leave.h"
#include "next.h"
#include "record/finish_hook.h"
#include "visible.h"
#include "sigsafe/atomic.h"
#include "sigsafe/card.h"
#include "sigsafe/labels.h"
#include "sigsafe/sys.h"

CP_NEXT(int, pthread_create, (pthread_t *handle, const pthread_attr_t *attr, void *(*start)(void *), void *arg),
		(handle, attr, start, arg))
CP_NEXT(int, thrd_create, (thrd_t *handle, thrd_start_t start, void *arg), (handle, start, arg))

static pthread_key_t end_key;
static _Atomic bool has_end_key;

static const char main_thread; // what the key has there; in others it has the start routine

static void account_end(void *start)
{
	cp_threadcreate_end();
	cp_trace_thread_end((uintptr_t)pthread_self());
	cp_cpu_thread_end((uintptr_t)start); // its last sample has its labels
	cp_card_give_back();
}

/** As libc does, or where the main thread has gone past it as the kernel does. */
static void end_process(void)
{
	int status = cp_last_thread_main_status();
	if (status < 0)
		exit(0);
	cp_exit_group_syscall(SYS_exit_group, status);
}

/** The program's last thread comes by once for each round that libc makes: its other data has gone before exit(). */
static void thread_ends(void *value)
{
	uintptr_t round = (uintptr_t)value;
	if (round > PTHREAD_DESTRUCTOR_ITERATIONS) {
		if (value != &main_thread)
			account_end(value);
		if (!cp_last_thread_ends())
			return;
		round = 1;
	}
	if (round < PTHREAD_DESTRUCTOR_ITERATIONS)
		pthread_setspecific(end_key, (void *)(round + 1));
	else if (cp_last_thread_is_alone())
		end_process();
}

__attribute__((constructor(CP_EARLY_PRIORITY))) static void make_key(void)
{
	bool is_made = pthread_key_create(&end_key, thread_ends) == 0;
	if (is_made && cp_gettid() == cp_getpid())
		pthread_setspecific(end_key, &main_thread);
	store(&has_end_key, is_made, release);
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

/** Another libcprof, which the program is linked with, may have put its own function in place of ours: then the caller
 *  tells, who makes a thread of ours and is none. */
static bool is_own(uintptr_t start)
{
	return start == load(&cp_thread_own_entry, relaxed) ||
			(cp_heap_is_own() && !cp_thread_is_excluded(cp_gettid()));
}

/** A record for a thread about to be made; NULL: it is one of ours, or there is no memory. Also while no
 *  profile runs: one may, when the thread ends. */
static struct cp_thread *expect_thread(uintptr_t start, void *arg, const void *caller)
{
	if (is_own(start))
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
		cp_last_thread_count(1);
	}
	return t;
}

static void forget_thread(struct cp_thread *t)
{
	cp_last_thread_count(-1);
	cp_thread_free(t);
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
		forget_thread(t);
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
		forget_thread(t);
	else
		cp_threadcreate_made(created_at);
	return ret;
}
