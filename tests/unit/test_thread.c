// SPDX-License-Identifier: MIT
// The table of profiled threads: one record a thread id, found whatever others do meanwhile.
#include <pthread.h>

#include "sigsafe/atomic.h"
#include "sigsafe/thread.h"
#include "unit.h"

static struct cp_thread *enter_new(int tid)
{
	bool existed;
	struct cp_thread *t = cp_thread_enter(cp_thread_new(), tid, &existed);
	ck_assert(!existed);
	return t;
}

START_TEST(a_thread_is_found_by_id_and_by_index)
{
	enum { FAR = 4096 * 3 }; // the same bucket
	struct cp_thread *a = enter_new(7), *b = enter_new(7 + FAR), *c = enter_new(7 + 2 * FAR);
	ck_assert_ptr_eq(cp_thread_find(7), a);
	ck_assert_ptr_eq(cp_thread_find(7 + FAR), b);
	ck_assert_ptr_eq(cp_thread_at(c->index), c);
	ck_assert_ptr_null(cp_thread_find(8));
	ck_assert_ptr_null(cp_thread_at(0));
	ck_assert_ptr_null(cp_thread_at(cp_thread_limit()));
	cp_thread_free(b);
	ck_assert_ptr_null(cp_thread_find(7 + FAR));
	ck_assert_ptr_eq(cp_thread_find(7), a);
	ck_assert_ptr_eq(cp_thread_find(7 + 2 * FAR), c);
	ck_assert_ptr_eq(cp_thread_new(), b); // used again
}
END_TEST

START_TEST(an_id_has_one_record)
{
	bool existed;
	struct cp_thread *first = enter_new(5), *spare = cp_thread_new();
	ck_assert_ptr_eq(cp_thread_enter(spare, 5, &existed), first);
	ck_assert(existed);
	cp_thread_free(spare);
	ck_assert_ptr_eq(cp_thread_find(5), first);
}
END_TEST

START_TEST(one_claim_wins)
{
	struct cp_thread *t = enter_new(5);
	store(&t->state, CP_THREAD_ARMED, relaxed);
	ck_assert(cp_thread_claim(t, CP_THREAD_ARMED, CP_THREAD_LEAVING));
	ck_assert(!cp_thread_claim(t, CP_THREAD_ARMED, CP_THREAD_LEAVING));
}
END_TEST

START_TEST(a_fork_child_forgets_all)
{
	enter_new(5);
	uint32_t limit = cp_thread_limit();
	cp_thread_exclude_self();
	cp_thread_forget_all();
	ck_assert_ptr_null(cp_thread_find(5));
	ck_assert_ptr_nonnull(cp_thread_new());
	ck_assert_uint_eq(cp_thread_limit(), limit);
}
END_TEST

enum { NTHREADS = 4, ROUNDS = 20000 };

/** Each has its own thread id, in the bucket of all others, and must find it while they come and go. */
static void *come_and_go(void *arg)
{
	int tid = 4096 * (1 + (int)(intptr_t)arg);
	for (int i = 0; i < ROUNDS; i++) {
		bool existed;
		struct cp_thread *t = cp_thread_enter(cp_thread_new(), tid, &existed);
		if (existed || cp_thread_find(tid) != t)
			return t;
		cp_thread_free(t);
	}
	return NULL;
}

START_TEST(threads_come_and_go_at_once)
{
	pthread_t threads[NTHREADS];
	for (intptr_t i = 0; i < NTHREADS; i++)
		pthread_create(&threads[i], NULL, come_and_go, (void *)i);
	for (int i = 0; i < NTHREADS; i++) {
		void *missed;
		pthread_join(threads[i], &missed);
		ck_assert_ptr_null(missed);
	}
	ck_assert_uint_le(cp_thread_limit(), NTHREADS + 1);
}
END_TEST

UNIT_MAIN("thread", a_thread_is_found_by_id_and_by_index, an_id_has_one_record, one_claim_wins,
		a_fork_child_forgets_all, threads_come_and_go_at_once)
