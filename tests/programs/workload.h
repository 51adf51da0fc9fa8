// SPDX-License-Identifier: MIT
// A program whose true profile is known: it does its work in named functions, measures the CPU time of
// each by the thread's clock, and prints it. Used by every program of tests/programs and tests/hazards.
//
//   PROGRAM OUT HZ ENGINE [ARGUMENT...]      ENGINE: auto timer perf itimer; OUT "-": no profile
//
// prints, for the script that compares it with the profile:
//   total NS           CPU time of the process between start and stop
//   truth FUNCTION NS  of it under that function
//   KEY VALUE          anything else, by say()
#ifndef TESTS_WORKLOAD_H
#define TESTS_WORKLOAD_H

#include <cprof/pprof.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A function that stays one: neither inlined nor cloned under another name. */
#if defined(__clang__)
#define KEPT __attribute__((noinline, unused))
#else
#define KEPT __attribute__((noinline, noclone, unused))
#endif

struct work {
	const char *name;
	_Atomic int64_t ns;
	struct work *next;
};

/** Spins for `ms` of this thread's CPU time and adds what it really took to *w. */
void spin(struct work *w, double ms);

/** WORK(f); defines void f(double ms), which does nothing else and is in the truth. */
#define WORK(f) \
	static struct work f##_work = {.name = #f}; \
	__attribute__((constructor)) static void f##_register(void) \
	{ \
		work_register(&f##_work); \
	} \
	KEPT static void f(double ms) \
	{ \
		spin(&f##_work, ms); \
		__asm__ volatile("" ::: "memory"); /* no tail call: f stays on the stack */ \
	} \
	static void f(double ms)

void work_register(struct work *w);

/** Reads OUT HZ ENGINE and starts the profile. */
void workload_start(int argc, char **argv);

/** Stops and writes the profile, then prints what was true. */
void workload_stop(void);

/** The same in two: for programs that do something between. Returns what cprof_stop_cpu_profile() did. */
int workload_stop_profile(void);
void workload_print_truth(void);

/** Start, stop without the clock: from the arguments kept by workload_start(). */
int workload_restart(const char *path);

int64_t thread_cpu_ns(void);
int64_t process_cpu_ns(void);
int64_t monotonic_ns(void);

/** One line for the script. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Ends the program (status 1) with the place and errno where the condition does not hold. */
#define MUST(condition) ((condition) ? (void)0 : workload_fail(__FILE__, __LINE__, #condition))
_Noreturn void workload_fail(const char *file, int line, const char *condition);

pthread_t start_thread(void *(*fn)(void *), void *arg);
void join_thread(pthread_t t);

#endif
