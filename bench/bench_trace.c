// SPDX-License-Identifier: MIT
// bench_trace: what the execution trace costs. Nanoseconds of CPU of one event's calls, the best of seven rounds;
// and a lock-heavy program (four threads that take one mutex after every 2, or 0.2, microseconds of work) without and
// with tracing, alternately: CPU of the process, so our own thread is in it, and wall time.
#include <cprof/pprof.h>
#include <cprof/trace.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { CALLS = 1000000, ROUNDS = 7, THREADS = 4, TURNS = 50000, TURNS_A_US = 3000, PAIRS = 9 };

static double clock_ns(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int discard(void *arg, const void *data, size_t size)
{
	return 0;
}

/// Calls

static void region(void)
{
	CPROF_TRACE_REGION("region");
	__asm__ volatile("");
}

static void log_message(void)
{
	cprof_trace_log("category", "message");
}

static void task(void)
{
	cprof_trace_task_end(cprof_trace_task_begin("task", 0));
}

static double best_ns(void (*fn)(void))
{
	double best = 1e9;
	for (int round = 0; round < ROUNDS; round++) {
		double begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		for (int i = 0; i < CALLS; i++)
			fn();
		double ns = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / CALLS;
		best = ns < best ? ns : best;
	}
	return best;
}

static void print_calls(const char *what)
{
	printf("%-16s region %6.1f ns   log %6.1f ns   task %6.1f ns\n", what, best_ns(region), best_ns(log_message),
			best_ns(task));
	fflush(stdout);
}

/// A program

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void spin(int turns)
{
	for (int i = 0; i < turns; i++)
		__asm__ volatile("" ::: "memory");
}

static int work_turns;

static void *work(void *arg)
{
	for (int i = 0; i < TURNS; i++) {
		spin(work_turns);
		pthread_mutex_lock(&mutex);
		spin(work_turns / 10);
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

struct cost {
	double cpu_ns, wall_ns;
};

static struct cost run_program(void)
{
	pthread_t threads[THREADS];
	struct cost begin = {clock_ns(CLOCK_PROCESS_CPUTIME_ID), clock_ns(CLOCK_MONOTONIC)};
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return (struct cost){clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin.cpu_ns,
			clock_ns(CLOCK_MONOTONIC) - begin.wall_ns};
}

static void keep_best(struct cost *best, struct cost c)
{
	best->cpu_ns = c.cpu_ns < best->cpu_ns ? c.cpu_ns : best->cpu_ns;
	best->wall_ns = c.wall_ns < best->wall_ns ? c.wall_ns : best->wall_ns;
}

static void compare_program(const char *what, int turns)
{
	work_turns = turns;
	struct cost plain = {1e18, 1e18}, traced = plain;
	for (int i = 0; i < PAIRS; i++) {
		keep_best(&plain, run_program());
		cprof_trace_start(cprof_to_callback(discard, NULL));
		keep_best(&traced, run_program());
		cprof_trace_stop();
	}
	printf("%-16s CPU %.1f ms, traced %.1f ms (%+.1f %%)   wall %.1f ms, traced %.1f ms (%+.1f %%)\n",
			what, plain.cpu_ns / 1e6, traced.cpu_ns / 1e6, 100 * (traced.cpu_ns / plain.cpu_ns - 1),
			plain.wall_ns / 1e6, traced.wall_ns / 1e6, 100 * (traced.wall_ns / plain.wall_ns - 1));
}

int main(void)
{
	print_calls("off");
	cprof_flight_recorder_start(NULL);
	print_calls("flight recorder");
	cprof_flight_recorder_stop();
	cprof_trace_start(cprof_to_callback(discard, NULL));
	print_calls("trace");
	cprof_trace_stop();
	compare_program("lock each 2 us", 2 * TURNS_A_US);
	compare_program("each 0.2 us", TURNS_A_US / 5);
	return 0;
}
