// SPDX-License-Identifier: MIT
// Whole for handlers while there is one thread, and for the others as soon as there are some.
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#include "sigsafe/alone.h"
#include "unit.h"

enum { NTHREADS = 3, CHANGES = 1000000 };

static _Atomic int64_t added, summed;
static _Atomic uint64_t exchanged, bits;
static _Atomic int64_t nlost; // of bits

static void change_all(uint64_t own_bit)
{
	uint64_t seen = load(&exchanged, relaxed);
	cp_alone_add(&added, 3);
	cp_alone_add_fetch(&summed, -5);
	while (!cp_alone_exchange(&exchanged, &seen, seen + 7))
		;
	cp_alone_set(&bits, own_bit);
	if (!(load(&bits, relaxed) & own_bit))
		fetch_add(&nlost, 1, relaxed);
	cp_alone_clear(&bits, own_bit);
}

static void assert_counted(int64_t nchanges)
{
	ck_assert_int_eq(load(&added, relaxed), 3 * nchanges);
	ck_assert_int_eq(load(&summed, relaxed), -5 * nchanges);
	ck_assert_uint_eq(load(&exchanged, relaxed), 7 * (uint64_t)nchanges);
	ck_assert_uint_eq(load(&bits, relaxed), 0);
	ck_assert_int_eq(load(&nlost, relaxed), 0);
}

#if defined(__x86_64__)
enum { TRAP_FLAG = 0x100 };

static volatile int steps_left; // to where a handler changes the words too; below 0: it did
static volatile bool is_stepped;

static void on_step(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	if (is_stepped)
		uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
	else
		uc->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	if (signo == SIGTRAP && steps_left-- == 0) {
		change_all(1 << 1);
		cp_alone_set(&bits, 1 << 2);
	}
}

// A handler behind each instruction in turn: a timer's would hardly ever come between a load and its store.
START_TEST(handlers_of_the_only_thread_are_counted)
{
	struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
	int64_t nchanges = 0;
	sigaction(SIGTRAP, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	ck_assert(cp_is_alone());
	for (int at = 0, is_end = 0; !is_end; at++) {
		steps_left = at;
		is_stepped = true;
		raise(SIGUSR1);
		change_all(1 << 0);
		is_stepped = false;
		is_end = steps_left >= 0;
		nchanges += is_end ? 1 : 2;
		ck_assert_uint_eq(exchange(&bits, 0, relaxed), is_end ? 0 : 1 << 2);
	}
	ck_assert_int_gt(nchanges, 2 * 20);
	assert_counted(nchanges);
}
END_TEST
#endif

static void *change_as(void *own_bit)
{
	for (int i = 0; i < CHANGES; i++)
		change_all((uintptr_t)own_bit);
	return NULL;
}

START_TEST(threads_are_counted_from_their_first_on)
{
	pthread_t threads[NTHREADS];
	change_as((void *)(uintptr_t)1);
	for (uintptr_t i = 0; i < NTHREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, change_as, (void *)((uintptr_t)2 << i)), 0);
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
	assert_counted((int64_t)(1 + NTHREADS) * CHANGES);
}
END_TEST

START_TEST(exchange_tells_what_was_there)
{
	uint64_t seen = 1;
	ck_assert(!cp_alone_exchange(&exchanged, &seen, 2));
	ck_assert_uint_eq(seen, 0);
	ck_assert(cp_alone_exchange(&exchanged, &seen, 2));
	ck_assert_uint_eq(load(&exchanged, relaxed), 2);
	ck_assert_int_eq(cp_alone_add_fetch(&summed, -5), -5);
}
END_TEST

#if defined(__x86_64__)
UNIT_MAIN("alone", handlers_of_the_only_thread_are_counted, threads_are_counted_from_their_first_on,
		exchange_tells_what_was_there)
#else
UNIT_MAIN("alone", threads_are_counted_from_their_first_on, exchange_tells_what_was_there)
#endif
