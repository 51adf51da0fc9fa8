/* SPDX-License-Identifier: MIT
 *
 * <cprof/testing.h>: what `go test`'s profiling flags and benchmarks are to a Go package, for a test program in C
 * of whichever framework.
 *
 *   int main(int argc, char **argv)
 *   {
 *           if (cprof_testing_init(&argc, argv) < 0)
 *                   return 2;
 *           return run_my_tests();
 *   }
 *
 *   ./tests -cpuprofile cpu.pprof -memprofile mem.pprof
 *
 * Functions may be called from any thread, not from a signal handler. Test programs that nobody wants to rebuild:
 * see `cprof test`.
 */
#ifndef CPROF_TESTING_H
#define CPROF_TESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Takes the flags below out of argv (the others move up, argv[*argc] is NULL) and starts what they ask for. A flag
 * begins with one dash or two, and "test." may stand before its name; its value follows behind "=" or as the next
 * argument. "--" ends them.
 *
 *   -cpuprofile FILE             the CPU profile
 *   -memprofile FILE             the allocs profile; -memprofilerate BYTES: one sample in so many (0, or below: as
 *                                it is)
 *   -blockprofile FILE           where threads waited; -blockprofilerate NS: one sample in so many (1: every wait)
 *   -mutexprofile FILE           who made them wait; -mutexprofilefraction N: one in so many releases (1: each)
 *   -trace FILE                  the execution trace: see <cprof/trace.h>
 *   -outputdir DIR               where FILEs go whose names are relative (the current directory)
 *                                %p in a name is the process id, %% a percent sign
 *   -bench REGEXP, -benchtime D, -benchmem, -count N         for cprof_bench_run()
 *
 * The files are written when the program ends: tests passed or failed, by exit, _exit, abort (a failed assert), or
 * one of the signals of <cprof/profile.h>, by which a harness ends a test that takes too long. What runs in a child
 * of fork() is in none of them: let the framework not fork (CK_NOFORK), or use `cprof test`, which profiles
 * children, too. (A CPU profile without a sample is not left by _exit.) Errors of files are told on stderr
 * ("testing: ..."), and the tests run all the same, as in Go.
 *
 * Returns how many profiles were started, or -EINVAL: a flag lacks its value, or has one that it cannot have; then
 * a line on stderr says which. -EALREADY: it was called before.
 */
int cprof_testing_init(int *argc, char **argv);

/** Writes the files now, instead of at the end. 0 or the first error. */
int cprof_testing_stop(void);

/** One run of a benchmark. Go: *testing.B. */
struct cprof_bench {
	int64_t n; /* how often to do what is measured. Go: b.N */
};

/**
 * Runs a benchmark if -bench was given and its (extended) regular expression matches the name, and prints on stdout
 * what `go test -bench` prints, for benchstat and its like to read:
 *
 *   BenchmarkSum-2    200000        45.15 ns/op        64 B/op        1 allocs/op
 *
 * fn is called with growing n until it takes -benchtime (1 s; "100x": exactly so often); again for each of -count. The
 * name begins with "Benchmark" in the output whether or not it does here. With -benchmem, or if fn asks for it,
 * allocations are counted exactly, in one more call: those of the calling thread and of threads it makes.
 * Returns true if it ran. From one thread at a time.
 */
bool cprof_bench_run(const char *name, void (*fn)(struct cprof_bench *b, void *arg), void *arg);

/** What was measured so far is forgotten: after an expensive preparation. Go: b.ResetTimer. */
void cprof_bench_reset_timer(struct cprof_bench *b);

/** Around what is not to be measured. Go: b.StopTimer, b.StartTimer. */
void cprof_bench_stop_timer(struct cprof_bench *b);
void cprof_bench_start_timer(struct cprof_bench *b);

/** So many bytes are processed each time: MB/s are printed. Go: b.SetBytes. */
void cprof_bench_set_bytes(struct cprof_bench *b, int64_t bytes);

/** Print B/op and allocs/op, -benchmem or not. Go: b.ReportAllocs. */
void cprof_bench_report_allocs(struct cprof_bench *b);

/** Print a number of your own, say 12.5 "hits/op"; unit: one word, 31 bytes, 8 of them. "ns/op" replaces the time.
 *  -EINVAL; -ENOSPC. Go: b.ReportMetric. */
int cprof_bench_report_metric(struct cprof_bench *b, double value, const char *unit);

/** The compiler must compute the value, though nobody uses it. */
#if defined(__GNUC__)
#define CPROF_BENCH_KEEP(value) __asm__ volatile("" : : "g"(value) : "memory")
#endif

#ifdef __cplusplus
}
#endif

#endif
