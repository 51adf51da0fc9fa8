// SPDX-License-Identifier: MIT
// Walks of this process: the callers we know are there, in order, up to _start or the thread's start.
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "sigsafe/modmap.h"
#include "sigsafe/unwind.h"
#include "unit.h"

enum { DEPTH = 20 };

static uintptr_t pcs[CP_MAX_FRAMES];
static struct cp_unwind_result result;

static void setup(void)
{
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	ck_assert_int_eq(cp_unwind_init(), 0);
}

static __attribute__((noinline)) int recurse(int depth, void (*leaf)(void))
{
	if (depth == 0) {
		leaf();
		return 1;
	}
	int below = recurse(depth - 1, leaf);
	__asm__ volatile("" : "+r"(below)); // no loop instead of the calls
	return below + depth;
}

static __attribute__((noinline)) void walk_here(void)
{
	struct cp_regs regs;
	cp_regs_here(&regs);
	result = cp_unwind(&regs, pcs, CP_MAX_FRAMES);
}

static void on_signal(int sig, siginfo_t *info, void *ucontext)
{
	struct cp_regs regs;
	cp_regs_from_ucontext(&regs, ucontext);
	result = cp_unwind(&regs, pcs, CP_MAX_FRAMES);
}

static void raise_usr1(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

/** How many of the pcs lie in the function that starts at `start` and is shorter than 1 KiB. */
static int count_in(void *start)
{
	int count = 0;
	for (uint32_t i = 0; i < result.nframes; i++)
		count += pcs[i] - (uintptr_t)start < 400;
	return count;
}

static int longest_run(void)
{
	int longest = 0, run = 0;
	for (uint32_t i = 1; i < result.nframes; i++) {
		run = pcs[i] == pcs[i - 1] ? run + 1 : 1;
		longest = run > longest ? run : longest;
	}
	return longest;
}

START_TEST(a_walk_from_a_function_reaches_the_root)
{
	setup();
	recurse(DEPTH, walk_here);
	ck_assert_int_eq(result.marker, CP_MARKER_NONE);
	ck_assert_int_ge(longest_run(), DEPTH);
	ck_assert(!result.used_fp);
	ck_assert_int_eq(count_in((void *)walk_here), 1);
}
END_TEST

START_TEST(a_walk_from_a_handler_passes_through_libc)
{
	setup();
	recurse(DEPTH, raise_usr1);
	ck_assert_int_eq(result.marker, CP_MARKER_NONE);
	ck_assert_int_ge(longest_run(), DEPTH);
	ck_assert(!result.used_fp);
}
END_TEST

static void *thread_main(void *arg)
{
	recurse(DEPTH, raise_usr1);
	return NULL;
}

START_TEST(a_walk_in_a_thread_ends_at_its_start)
{
	setup();
	pthread_t thread;
	ck_assert_int_eq(pthread_create(&thread, NULL, thread_main, NULL), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(result.marker, CP_MARKER_NONE);
	ck_assert_int_ge(longest_run(), DEPTH);
	const struct cp_module *m = cp_modmap_find(pcs[result.nframes - 1], NULL);
	ck_assert(m && strstr(m->path, "libc.so"));
}
END_TEST

START_TEST(a_deep_stack_is_cut_and_says_so)
{
	setup();
	recurse(CP_MAX_FRAMES + 100, walk_here);
	ck_assert_int_eq(result.marker, CP_MARKER_TRUNCATED);
	ck_assert_uint_eq(result.nframes, CP_MAX_FRAMES);
	ck_assert_uint_eq(pcs[CP_MAX_FRAMES - 1], CP_MARKER_TRUNCATED);
}
END_TEST

UNIT_MAIN("unwind walk", a_walk_from_a_function_reaches_the_root, a_walk_from_a_handler_passes_through_libc,
	a_walk_in_a_thread_ends_at_its_start, a_deep_stack_is_cut_and_says_so)
