// SPDX-License-Identifier: MIT
// Nanoseconds per frame of our unwinder and of those a C program can call, from a signal handler, on code
// without frame pointers, in one run.
//
// "varied": each walk sees a stack nobody walked before (random calls among 64 functions), as samples of
// a busy program are. "repeated": the same stack again and again. "cold": nothing cached, as in a process
// that just started, or for libunwind, whose cache is one of each thread, in a new thread.
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <libunwind.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sigsafe/modmap.h"
#include "sigsafe/rulecache.h"
#include "sigsafe/unwind.h"

enum { MAX_FRAMES = 256, FUNCTIONS = 64, DEPTHS = 3, ROUNDS = 9, WALKS = 200, REPEATS = 200, COLD_WALKS = 20 };

enum unwinder { OURS, UNW_BACKTRACE, GLIBC, UNW_STEP, UNWINDERS };

static const char *const names[UNWINDERS] = {"cprof", "unw_backtrace", "glibc backtrace", "unw_step"};

static int (*glibc_backtrace)(void **pcs, int max); // libunwind brings a backtrace() of its own
static uint32_t random_state = 12345;
static enum unwinder chosen;
static uint32_t repeats;
static double ns_per_frame; // of the last walk
static double timer_ns;     // what reading the clock twice takes

static double now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static uint32_t walk(enum unwinder which, void *ucontext)
{
	static _Thread_local uintptr_t pcs[MAX_FRAMES];
	switch (which) {
	case OURS: {
		struct cp_regs regs;
		cp_regs_from_ucontext(&regs, ucontext);
		struct cp_unwind_result r = cp_unwind(&regs, pcs, MAX_FRAMES);
		return r.marker ? 0 : r.nframes;
	}
	case UNW_BACKTRACE:
		return (uint32_t)unw_backtrace((void **)pcs, MAX_FRAMES);
	case GLIBC:
		return (uint32_t)glibc_backtrace((void **)pcs, MAX_FRAMES);
	default: {
		unw_cursor_t cursor;
		uint32_t n = 0;
		unw_init_local2(&cursor, ucontext, UNW_INIT_SIGNAL_FRAME);
		do
			unw_get_reg(&cursor, UNW_REG_IP, &pcs[n++]);
		while (n < MAX_FRAMES && unw_step(&cursor) > 0);
		return n;
	}
	}
}

static void on_signal(int sig, siginfo_t *info, void *ucontext)
{
	uint32_t frames = 0;
	double start = now_ns();
	for (uint32_t i = 0; i < repeats; i++)
		frames = walk(chosen, ucontext);
	double ns = (now_ns() - start - timer_ns) / repeats;
	if (frames < 8) {
		fprintf(stderr, "bench_unwind: %s got %u frames only\n", names[chosen], frames);
		exit(EXIT_FAILURE);
	}
	ns_per_frame = ns / frames;
}

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	return random_state ^= random_state << 5;
}

typedef int function(int depth, int pick);
static function *const functions[FUNCTIONS];

static __attribute__((noinline)) int descend(int depth, int pick)
{
	if (depth > 0)
		return functions[next_random() % FUNCTIONS](depth - 1, pick);
	raise(SIGUSR1);
	return 1;
}

// Functions with frames of different sizes and shapes.
#define FUNCTION(n)                                                             \
	static __attribute__((noinline)) int f##n(int depth, int pick)          \
	{                                                                       \
		volatile int room[1 + (n) * 7 % 40];                            \
		room[0] = pick + (n);                                           \
		if (depth > 0)                                                  \
			pick += functions[next_random() % FUNCTIONS](depth - 1, room[0]); \
		else                                                            \
			pick += descend(0, pick);                               \
		return pick + room[0];                                          \
	}
#define FOUR(a) FUNCTION(a##0) FUNCTION(a##1) FUNCTION(a##2) FUNCTION(a##3)
#define FOUR_NAMES(a) f##a##0, f##a##1, f##a##2, f##a##3
FOUR(1) FOUR(2) FOUR(3) FOUR(4) FOUR(5) FOUR(6) FOUR(7) FOUR(8) FOUR(9) FOUR(10) FOUR(11) FOUR(12) FOUR(13) FOUR(14)
FOUR(15) FOUR(16)
static function *const functions[FUNCTIONS] = {FOUR_NAMES(1), FOUR_NAMES(2), FOUR_NAMES(3), FOUR_NAMES(4),
	FOUR_NAMES(5), FOUR_NAMES(6), FOUR_NAMES(7), FOUR_NAMES(8), FOUR_NAMES(9), FOUR_NAMES(10), FOUR_NAMES(11),
	FOUR_NAMES(12), FOUR_NAMES(13), FOUR_NAMES(14), FOUR_NAMES(15), FOUR_NAMES(16)};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static double measure(enum unwinder which, int depth, uint32_t walks, uint32_t repeats_each)
{
	static double values[WALKS];
	chosen = which;
	repeats = repeats_each;
	for (uint32_t i = 0; i < walks; i++) {
		descend(depth, 0);
		values[i] = ns_per_frame;
	}
	return median(values, walks);
}

struct cold {
	enum unwinder which;
	int depth;
	double ns;
};

static void *cold_thread(void *arg)
{
	struct cold *cold = arg;
	cold->ns = measure(cold->which, cold->depth, 1, 1);
	return NULL;
}

static double measure_cold(enum unwinder which, int depth)
{
	static double values[COLD_WALKS];
	for (uint32_t i = 0; i < COLD_WALKS; i++) {
		struct cold cold = {.which = which, .depth = depth};
		pthread_t thread;
		cp_rulecache_flush();
		if (pthread_create(&thread, NULL, cold_thread, &cold))
			exit(EXIT_FAILURE);
		pthread_join(thread, NULL);
		values[i] = cold.ns;
	}
	return median(values, COLD_WALKS);
}

/** All unwinders in turn, round after round: what else the machine does hits them alike. */
static void print_kind(const char *kind, double (*run)(enum unwinder, int))
{
	static const int depths[DEPTHS] = {10, 30, 100};
	static double ns[UNWINDERS][DEPTHS][ROUNDS];
	for (int r = 0; r < ROUNDS; r++)
		for (int d = 0; d < DEPTHS; d++)
			for (enum unwinder u = 0; u < UNWINDERS; u++)
				ns[u][d][r] = run(u, depths[d]);
	for (enum unwinder u = 0; u < UNWINDERS; u++) {
		printf("%-9s %-16s", kind, names[u]);
		for (int d = 0; d < DEPTHS; d++)
			printf(" %9.1f", median(ns[u][d], ROUNDS));
		putchar('\n');
	}
}

static double varied(enum unwinder which, int depth)
{
	return measure(which, depth, WALKS, 1);
}

static double repeated(enum unwinder which, int depth)
{
	return measure(which, depth, 5, REPEATS);
}

static void calibrate(void)
{
	static double values[1000];
	for (size_t i = 0; i < 1000; i++) {
		double start = now_ns();
		values[i] = now_ns() - start;
	}
	timer_ns = median(values, 1000);
}

int main(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);
	*(void **)&glibc_backtrace = libc ? dlsym(libc, "backtrace") : NULL;
	if (!glibc_backtrace || cp_modmap_refresh() || cp_unwind_init())
		return EXIT_FAILURE;
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &action, NULL);
	calibrate();
	printf("## unwind: ns per frame by depth, median of %d rounds; libunwind %d.%d, glibc %s\n\n", ROUNDS,
		UNW_VERSION_MAJOR, UNW_VERSION_MINOR, gnu_get_libc_version());
	printf("%-9s %-16s %9d %9d %9d\n", "", "", 10, 30, 100);
	print_kind("varied", varied);
	print_kind("repeated", repeated);
	print_kind("cold", measure_cold);
	return EXIT_SUCCESS;
}
