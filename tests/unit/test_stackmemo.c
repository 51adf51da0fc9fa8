// SPDX-License-Identifier: MIT
// A walk that stops where it meets the last one says what a whole walk says: over random calls, with frames of
// fixed and of variable size, in two threads.
#include <alloca.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sigsafe/modmap.h"
#include "sigsafe/stackmemo.h"
#include "sigsafe/stacktab.h"
#include "unit.h"

enum { MAX = 128, CALLS = 20000, MAX_DEPTH = 30 };

static __thread unsigned seed;
static __thread int nremembered, nnotes, nwrong;

static unsigned draw(unsigned limit)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % limit;
}

/** Counts where the two walks differ. */
static __attribute__((noinline)) void compare(void)
{
	uintptr_t want[MAX], got[MAX];
	struct cp_regs regs;
	cp_regs_here(&regs);
	const void *caller = __builtin_return_address(0);
	uint32_t n = cp_unwind(&regs, want, MAX).nframes, first = 0;
	while (first < n && want[first] != (uintptr_t)caller)
		first++;
	want[first]--;
	struct cp_stackmemo *m = cp_stackmemo_take();
	uint32_t nwalked = m ? cp_stackmemo_walk(m, &regs, caller) : 0;
	if (nwalked) {
		uint64_t hash = cp_stackmemo_pcs(m, got), whole_hash = 0;
		for (uint32_t i = nwalked; i-- > 0;)
			whole_hash = cp_stack_hash(whole_hash, got[i]);
		nwrong += hash != whole_hash;
		// A note is of one stack and tag.
		uintptr_t sum = draw(2);
		void **note = cp_stackmemo_note(m, sum);
		for (uint32_t i = 0; i < nwalked; i++)
			sum = sum * 31 + got[i];
		nwrong += *note && *note != (void *)sum;
		nnotes += *note != NULL;
		*note = (void *)sum;
		nwrong += nwalked != n - first || memcmp(got, want + first, nwalked * sizeof(*got)) != 0;
		nremembered++;
	}
	if (m)
		cp_stackmemo_give(m);
}

static __attribute__((noinline)) int call_plain(int depth);
static __attribute__((noinline)) int call_sized(int depth);

static int go_on(int depth)
{
	compare();
	for (unsigned n = draw(3); n > 0 && depth < MAX_DEPTH; n--)
		draw(2) ? call_plain(depth + 1) : call_sized(depth + 1);
	return 1;
}

static __attribute__((noinline)) int call_plain(int depth)
{
	return go_on(depth) + 1;
}

/** Its frame pointer is what leads on from here. What earlier frames left in the room stays there. */
static __attribute__((noinline)) int call_sized(int depth)
{
	volatile char *room = alloca(16 + 16 * draw(20));
	room[0] = (char)depth;
	return go_on(depth) + room[0];
}

static void *work(void *arg)
{
	seed = *(unsigned *)arg;
	for (int i = 0; i < CALLS; i++)
		call_plain(0);
	*(unsigned *)arg = (unsigned)nwrong;
	return nremembered > CALLS && nnotes > CALLS / 10 ? arg : NULL;
}

START_TEST(walks_are_the_same)
{
	unsigned seeds[2] = {1, 2};
	pthread_t thread;
	void *remembered = NULL;
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	ck_assert_int_eq(cp_unwind_init(), 0);
	ck_assert_int_eq(cp_stackmemo_init(), 0);
	pthread_create(&thread, NULL, work, &seeds[0]);
	ck_assert_ptr_nonnull(work(&seeds[1]));
	pthread_join(thread, &remembered);
	ck_assert_ptr_nonnull(remembered);
	ck_assert_uint_eq(seeds[0], 0);
	ck_assert_uint_eq(seeds[1], 0);
}
END_TEST

START_TEST(none_before_there_is_room)
{
	ck_assert_ptr_null(cp_stackmemo_take());
}
END_TEST

UNIT_MAIN("stackmemo", none_before_there_is_room, walks_are_the_same)
