/* SPDX-License-Identifier: MIT
 *
 * <cprof/profile.h>: what github.com/pkg/profile is to a Go program: one line in main(), and the files are
 * there when the program ends.
 *
 *   int main(void)
 *   {
 *           cprof_profile_start(NULL);
 *           ...
 *
 * writes the CPU profile, cpu.pprof, to a new directory under /tmp; and
 *
 *           cprof_profile_start(&(struct cprof_profile_options){
 *                   .modes = CPROF_PROFILE_CPU | CPROF_PROFILE_HEAP, .path = "."});
 *
 * both profiles to the current one. Nothing is to be called at the end: the files are written when the program
 * returns from main() or calls exit(), quick_exit(), _exit() or exec, when it aborts, and when SIGINT, SIGTERM,
 * SIGHUP, SIGQUIT, SIGALRM, SIGPIPE or SIGXCPU ends it. (A CPU profile without a sample is not left by _exit and
 * exec.) A CPU profile is brought up to date each second or two besides (of a program that does little, within ten);
 * heap, block, mutex, syscall and threadcreate profiles when the memory in use has grown by an eighth, and now and
 * then: so a kill, too, leaves most of them.
 *
 * As pkg/profile does, this part of the library says on stderr what it does ("2026/11/25 21:14:59 profile: cpu
 * profiling enabled, /tmp/profile4711/cpu.pprof"). Its functions may be called from any thread, not from a signal
 * handler. A fork's child has no session; it may start its own.
 */
#ifndef CPROF_PROFILE_H
#define CPROF_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is profiled; each to a file of the name that pkg/profile gives it. */
enum cprof_profile_mode {
	CPROF_PROFILE_CPU = 1 << 0,          /* cpu.pprof */
	CPROF_PROFILE_HEAP = 1 << 1,         /* mem.pprof: what is in use at the end, and was at the peak */
	CPROF_PROFILE_ALLOCS = 1 << 2,       /* mem.pprof (beside heap: allocs.pprof): what was ever allocated */
	CPROF_PROFILE_BLOCK = 1 << 3,        /* block.pprof: where threads waited */
	CPROF_PROFILE_MUTEX = 1 << 4,        /* mutex.pprof: who made them wait */
	CPROF_PROFILE_THREADS = 1 << 5,      /* goroutine.pprof: the stacks of all threads at the end */
	CPROF_PROFILE_THREADCREATE = 1 << 6, /* threadcreation.pprof: who made threads */
	CPROF_PROFILE_SYSCALL = 1 << 7,      /* syscall.pprof: where threads waited in system calls */
	/* clock.pprof: where all threads were, running or not (fgprof). A thread that sleeps is looked at from outside
	 * and not woken. Only where that does not tell its whole stack (it slept before the start, or waits in no
	 * function of libc's; and has frame pointers, as gcc makes without -O, or has changed its user) is it asked by
	 * a signal, once for each place where it sleeps: poll, epoll_wait, nanosleep and the like then return EINTR to
	 * it once. */
	CPROF_PROFILE_WALL = 1 << 8,
	CPROF_PROFILE_TRACE = 1 << 9, /* trace.out: the execution trace, see <cprof/trace.h> */
};

/** All zero, or a NULL pointer to it: the CPU profile, to a new directory. */
struct cprof_profile_options {
	unsigned modes;         /* of enum cprof_profile_mode, any number of them; 0: CPU */
	int cpu_rate_hz;        /* samples a second of CPU time of each thread, to 10000; 0: 100 */
	int wall_rate_hz;       /* looks at all threads a second, to 1000; 0: 100. With many threads it is less */
	const char *path;       /* the directory, made if need be. NULL, "": a new one in $TMPDIR or /tmp */
	int64_t mem_rate_bytes; /* heap and allocs: one sample in so many bytes; 0: 4096, 1: every allocation */
	int64_t block_rate_ns;  /* one sample in so many nanoseconds of waiting; 0: 1, every wait */
	int64_t syscall_rate_ns; /* one sample in so many nanoseconds of it; 0: 10000 */
	int mutex_fraction;     /* one sample in so many releases; 0: 1, every release */
	bool quiet;             /* say nothing but errors */
	/* Leave these signals and SIGABRT alone: then they end the program without writing the files. */
	bool no_shutdown_hook;
	/* SIGINT and SIGTERM end the program with exit status 0, as pkg/profile does. Else it dies of the signal once
	 * the files are written, and its parent sees that. */
	bool exit_zero;
};

/**
 * Starts a session. Returns its number, above 0, for cprof_profile_stop(), or a negative errno value; then
 * nothing is profiled, a line on stderr says why, and the program goes on (pkg/profile would end it).
 * Rates are set for the session and restored when it stops. Go: profile.Start.
 *
 * SIGINT, SIGTERM: where the program ignores them they stay ignored. Where it has a handler, that is called once
 * the files are written and the session has stopped. A handler the program sets later replaces all that: it is
 * expected to end the program by one of the ways above. The thread a signal interrupts waits meanwhile, the others
 * go on; the writing is done by a thread of the library's.
 *
 * -EBUSY: a session is on, or somebody else's CPU profile, wall-clock profile or trace; -EINVAL: modes or rates;
 * -E2BIG: options of a newer version of the library; -EAGAIN: no thread can be made; errors of the path.
 */
static inline int cprof_profile_start(const struct cprof_profile_options *options);

/** The same, as the library exports it: `size` is that of the options as the program knows them. */
int cprof_profile_start_sized(const struct cprof_profile_options *options, size_t size);

static inline int cprof_profile_start(const struct cprof_profile_options *options)
{
	return cprof_profile_start_sized(options, sizeof(*options));
}

/**
 * Stops the session and writes its files. Returns 0 or the first error; 0 where the session has stopped already,
 * or never started. Another may be started afterwards.
 */
int cprof_profile_stop(int session);

#ifdef __cplusplus
}
#endif

#endif
