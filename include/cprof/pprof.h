/* SPDX-License-Identifier: MIT
 *
 * <cprof/pprof.h>: what Go's runtime/pprof is to a Go program.
 *
 * Every function may be called from any thread at any time, except from a signal handler, unless it
 * says otherwise; none is a cancellation point. Functions return 0, or a negative errno value;
 * cprof_strerror() gives it in words. The library prints nothing and never ends the process.
 */
#ifndef CPROF_PPROF_H
#define CPROF_PPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Where a profile goes (Go's io.Writer). Made by one of the cprof_to_*() functions below and passed
 * by value; it holds no resources, so it needs no closing.
 */
struct cprof_writer {
	/* Writes all of data[0..size) and returns 0, or a negative errno value. */
	int (*write)(void *arg, const void *data, size_t size);
	void *arg;
	const char *path; /* of cprof_to_path(); else NULL */
};

/**
 * A file. The profile appears under `path` whole or not at all: it is written beside it and renamed.
 * %p in the path becomes the process id, %% a percent sign. `path` must stay valid until the profile
 * is written. The directory must exist. A symbolic link is followed; a pipe or a device is written in place.
 */
struct cprof_writer cprof_to_path(const char *path);

/** An open file descriptor: file, pipe or socket. It is not closed. One that does not block (O_NONBLOCK) is waited
 *  for; -EAGAIN: it took nothing for five seconds. */
struct cprof_writer cprof_to_fd(int fd);

/** An open `FILE *` (void here, so that this header needs no stdio). It is neither flushed nor closed.
 *  NULL, of an fopen() that failed: what takes the writer returns -EINVAL. */
struct cprof_writer cprof_to_stdio(void *file);

/** Your own function, called on the thread that stops the profile. */
struct cprof_writer cprof_to_callback(
		int (*write)(void *arg, const void *data, size_t size), void *arg);

/**
 * Starts the CPU profile of the whole process: all threads, those that exist and those to come.
 * Go: pprof.StartCPUProfile. The profile is written to `writer` by cprof_stop_cpu_profile(); that a
 * path of cprof_to_path() cannot be written is told now.
 *
 * -EBUSY: a CPU profile is running already (it goes on undisturbed). -EPERM, -ENOSYS: no sampling
 * engine works here. -EUSERS: the program handles all signals, so that none is left for us.
 * -ENOENT, -EACCES, ...: the path. -ENOMEM.
 */
int cprof_start_cpu_profile(struct cprof_writer writer);

/**
 * Stops the running CPU profile and writes it, gzip'd profile.proto. Returns when it is written, with
 * the writer's error if it had one; 0 where none is running. Go: pprof.StopCPUProfile.
 */
int cprof_stop_cpu_profile(void);

/**
 * Samples per second of CPU time of each thread for the next start; 100 at first, as in Go, 1 to
 * 10000. Go: runtime.SetCPUProfileRate. -EINVAL: out of range; -EBUSY: a CPU profile is running.
 */
int cprof_set_cpu_profile_rate(int hz);

/**
 * How CPU time is sampled. `auto` takes `timer` up to the kernel's tick rate and `perf` above it, where that
 * may sample time in the kernel (perf_event_paranoid below 2, or CAP_PERFMON) and no debugger or strace is
 * there, for which each signal takes long. If the wished one does not work here the next best is taken. The
 * engine used, and why, stands in the profile's comments.
 */
enum cprof_cpu_engine {
	CPROF_CPU_AUTO,
	CPROF_CPU_TIMER,  /* a POSIX timer on each thread's CPU clock */
	CPROF_CPU_PERF,   /* a perf_event on each thread */
	CPROF_CPU_ITIMER, /* one setitimer(ITIMER_PROF) for the process */
};

/** For the next start. -EINVAL: no such engine; -EBUSY: a CPU profile is running. */
int cprof_set_cpu_engine(enum cprof_cpu_engine engine);

/**
 * The heap profile's rate: on average one sample in so many allocated bytes. 524288 at first, as in Go;
 * 1: every allocation, exactly; 0: off. Any change holds from each thread's next sample on and biases
 * nothing: a sample keeps the rate it was taken at. Go: runtime.MemProfileRate.
 * -EINVAL: below 0 or above 2^40; -ENOSPC: there were 255 different ones already; -ENOMEM.
 */
int cprof_set_mem_profile_rate(int64_t rate_bytes);

/**
 * The block profile's rate: of the time threads wait in mutexes, read-write locks, spin locks, condition
 * variables, semaphores, barriers and joins, and on a futex by syscall(2) (the locks of Rust and of C++20),
 * one sample is taken in so many nanoseconds on average; waits as long as that or longer are all recorded.
 * 0, as at first, or below: off; 1: every wait. What was recorded stays. Go: runtime.SetBlockProfileRate,
 * which advises 100000000 where time matters.
 * -EINVAL: above 2^40; -ENOMEM.
 */
int cprof_set_block_profile_rate(int64_t rate_ns);

/**
 * The syscall profile's rate, in the same way, for the time threads are in system calls that may wait: read,
 * write, send, receive, accept, connect, poll, select, epoll_wait, sleep, fsync, wait for a child, and their
 * kin. (Those that libc makes for itself, in stdio or getaddrinfo, are not seen, nor is syscall().) It is
 * where a server's threads are when they use no CPU. 10000 keeps each wait that matters and is cheap, for most
 * calls do not wait. 0, as at first, or below: off. Go: `go tool trace -pprof=syscall`, and `net`.
 * -EINVAL: above 2^40; -ENOMEM.
 */
int cprof_set_syscall_profile_rate(int64_t rate_ns);

/**
 * The mutex profile's fraction: on average one in so many releases of a mutex or read-write lock that others
 * waited for is recorded, and stands for as many. 0, as at first: off; below 0: only ask. What was recorded
 * stays. Returns the fraction before, or -ENOMEM. Go: runtime.SetMutexProfileFraction.
 */
int cprof_set_mutex_profile_fraction(int fraction);

/**
 * Whether it is kept where each mutex and read-write lock was taken that is held now (at first: not). The dump of
 * all threads (threads, debug 2) and the deadlock profile's then show for each thread which of them it holds, and
 * the stacks that took them, and circles through readers are found, too. For finding deadlocks: each lock that is
 * taken costs a walk of the stack. What was taken before is not known. 0; -ENOMEM.
 */
int cprof_set_lock_sites(bool are_kept);

/**
 * A profile that has a name: "allocs", "block", "deadlock", "heap", "mutex", "syscall",
 * "threadcreate", "threads", or one of your own. Owned by the library.
 * Go: *pprof.Profile.
 */
struct cprof_profile;

/** NULL: there is no profile of that name. Go: pprof.Lookup. */
const struct cprof_profile *cprof_lookup(const char *name);

/** Calls fn for each profile there is, sorted by name, until it returns non-zero. Go: pprof.Profiles. */
void cprof_profiles(int (*fn)(const struct cprof_profile *profile, void *arg), void *arg);

/** The library's, for ever; NULL of NULL. Go: Profile.Name. */
const char *cprof_profile_name(const struct cprof_profile *profile);

/** Distinct stacks in it; of threads, threads; of your own ones, keys. Go: Profile.Count. */
uint64_t cprof_profile_count(const struct cprof_profile *profile);

/**
 * Writes the profile as it is now: debug 0: gzip'd profile.proto; 1: Go's text form; 2: the same,
 * but for threads and deadlock. Go: Profile.WriteTo. Text has each frame's file and line where the file, or its debug
 * symbols under /usr/lib/debug/.build-id, have DWARF line tables of at most 64 MiB; they are read once for each address
 * that is new; an inlined function's lines stand under the name of the function it was inlined into.
 *
 * heap: alloc_objects, alloc_space, inuse_objects, inuse_space as in Go, then peak_objects and peak_space:
 * what was in use when the heap was largest. allocs: the first four; freed allocations have a numeric label
 * `lifetime` (the power of two of nanoseconds they lived at most), those in use have none.
 * block, mutex: contentions and delay, in nanoseconds. block tells where threads waited, once they went on;
 * mutex where locks were released that others waited for, with the time these had waited since the lock was
 * taken. (A release in pthread_cond_wait counts; the lock that is taken again there is a part of that wait.)
 * syscall: calls, and delay as in block.
 * deadlock: of the threads below, those that wait for each other in a circle of mutexes, read-write locks and joins,
 * or for a lock whose owner has ended: certain, but found only where glibc's are waited for without a time limit, and
 * through locks held to read only where cprof_set_lock_sites() was on when each of their readers took them.
 * threadcreate: the stacks that made threads, how many each made and how many of those are alive.
 * threads ("goroutine" finds it, too): the stacks of all threads, now, those alike (and with the same labels)
 * counted together; with debug 2 a block a thread: name, state, what it waits for and for how long, labels,
 * frames. A thread that sleeps is looked at from outside and does not notice, where it runs code without frame
 * pointers (as distributions compile it), or waits in what the block or the syscall profile counts while that is on.
 * The others are asked by a real-time signal of our own and answer at once, so nobody is stopped; but their waits
 * count from then on, and poll, epoll_wait, select, nanosleep and the like return EINTR to a program that is asked
 * in them (signal(7)). cprof_profile_count() asks nobody.
 * Threads that block the signal, sleep uninterruptibly or do not answer within a second are listed without a
 * stack, and why.
 * -ENODATA: never switched on (heap, allocs, threadcreate). The writer's errors.
 */
int cprof_profile_write_to(
		const struct cprof_profile *profile, struct cprof_writer writer, int debug);

/**
 * Prints all threads to stderr, as cprof_profile_write_to(cprof_lookup("threads"), ..., 2) does, whenever
 * `sig` (SIGQUIT, which ^\ at the terminal sends) comes, and lets the program go on. A thread of the library's
 * own does it; the handler does nothing that a handler must not. A handler the program sets later takes its
 * place, and a thread of the program that waits for the signal (sigwait) may get it instead. A child of fork() has
 * no such thread: the signal does there what it does by default, until the child calls this again.
 * Go: what SIGQUIT does, but that it ends the program.
 * -EINVAL: not to be caught; -EBUSY: the program handles or ignores it, or it was called before; -EAGAIN.
 */
int cprof_dump_threads_on_signal(int sig);

/**
 * A profile the program fills itself: of connections that are open, files, sessions, whatever is held for a
 * while and may leak. Each key (a pointer, or a number cast to one) is in it with the stack that added it.
 * The name should begin with the program's or library's ("sample.Connections"); it is one word. The profile
 * lives as long as the process; the name is copied. Go: pprof.NewProfile.
 * -EINVAL: no name, or blanks in it, or over 255 bytes; -EEXIST: there is one of that name; -ENOMEM.
 */
int cprof_new_profile(const char *name, struct cprof_profile **profile_out);

/** The same with a number beside each key: cprof_new_weighted_profile("sample.Buffers", "space", "bytes", &p). All
 *  strings are copied. */
int cprof_new_weighted_profile(const char *name, const char *weight, const char *unit,
		struct cprof_profile **profile_out);

/**
 * Adds a key, with the stack of the caller less its innermost `skip` frames (0: it begins with the function that
 * calls this). Go: Profile.Add, whose misuse panics; here it is told:
 * -EEXIST: the key is in already; -EPERM: a built-in profile; -EINVAL: skip < 0, a NULL profile, or a weight in a
 * profile made without; -ENOMEM.
 */
int cprof_profile_add(struct cprof_profile *profile, const void *key, int skip);
int cprof_profile_add_weighted(struct cprof_profile *profile, const void *key, int64_t weight, int skip);

/** -ENOENT: the key is not in it (Go is silent on that); -EPERM: a built-in profile. Go: Profile.Remove. */
int cprof_profile_remove(struct cprof_profile *profile, const void *key);

/** cprof_profile_write_to(cprof_lookup("heap"), writer, 0). Go: pprof.WriteHeapProfile. */
int cprof_write_heap_profile(struct cprof_writer writer);

/**
 * Labels: pairs of strings a thread carries and its samples are marked with ("request": "/search"), so that
 * pprof's -tagfocus, -tagroot and the like can tell them apart. Go: pprof.LabelSet.
 *
 * A set is immutable and owned by the library for ever; the same pairs are the same pointer, and NULL is the
 * set of none. So sets need no freeing, may be made once and kept, and setting a thread's labels is one store
 * (no allocation, no system call). All sets together may take 64 MiB, and be 2^20: what does not fit is refused,
 * so label by what has few values (kinds of requests, tenants), not by request ids.
 *
 * All functions of this part may be called from signal handlers, too. Samples of CPU, heap, block, mutex, syscall
 * and threads carry their thread's labels, and the waits and CPU samples of execution traces.
 */
struct cprof_labels;

/**
 * The set of strings[0], strings[1] as key and value, strings[2], strings[3], ... Of equal keys the last
 * counts. The strings are copied; they should be UTF-8. -EINVAL: nstrings is odd or a string NULL; -E2BIG:
 * more than 32 pairs; -ENOSPC: no room is left. Then *labels_out is NULL.
 */
int cprof_labels_make(const char *const *strings, size_t nstrings, const struct cprof_labels **labels_out);

/** The same as a call: cprof_labels("request", path, "tenant", name, (char *)NULL); NULL: an error, above. */
#if defined(__GNUC__)
__attribute__((sentinel))
#endif
const struct cprof_labels *cprof_labels(const char *key, ...);

/** `over`'s pairs laid over `base`'s. NULL: both are, or an error, above. */
const struct cprof_labels *cprof_labels_with(
		const struct cprof_labels *base, const struct cprof_labels *over);

/** NULL: there is no such key. Go: pprof.Label. */
const char *cprof_labels_get(const struct cprof_labels *labels, const char *key);

/** Calls fn for each pair, by key, until it returns non-zero. Go: pprof.ForLabels. */
void cprof_labels_each(const struct cprof_labels *labels,
		int (*fn)(const char *key, const char *value, void *arg), void *arg);

/** The calling thread's. A new thread has those of its creator. */
const struct cprof_labels *cprof_current_labels(void);

/**
 * Makes them the calling thread's labels (NULL: it has none then) and returns what they were. Labels belong
 * to a task, and the thread only while it runs it: what switches coroutines on a thread takes them along,
 *
 *	from->labels = cprof_set_labels(to->labels);
 *
 * Go: pprof.SetGoroutineLabels.
 */
const struct cprof_labels *cprof_set_labels(const struct cprof_labels *labels);

/** fn(arg) with `labels` laid over the thread's own, which are restored when it returns. Go: pprof.Do.
 *  (A longjmp out of fn leaves them as they are.) */
void cprof_do(const struct cprof_labels *labels, void (*fn)(void *arg), void *arg);

/** Adds `labels` to the thread's own and returns what they were; the macro below puts those back at the end of
 *  the enclosing block, however it is left:   CPROF_LABELS_SCOPE(cprof_labels("phase", "parse", (char *)NULL)); */
const struct cprof_labels *cprof_labels_push(const struct cprof_labels *labels);
void cprof_labels_pop(const struct cprof_labels **before);
#if defined(__GNUC__)
#define CPROF_JOIN_(a, b) a##b
#define CPROF_JOIN(a, b) CPROF_JOIN_(a, b)
#define CPROF_LABELS_SCOPE(labels)                               \
	__attribute__((cleanup(cprof_labels_pop), unused))       \
	const struct cprof_labels *CPROF_JOIN(cprof_labels_before_, __LINE__) = cprof_labels_push(labels)
#endif

/**
 * For what switches stacks on a thread: coroutines, green threads, fibers. The calling thread runs on the stack
 * [low, high) from now on; (NULL, NULL): on its own again. high is where the stack begins, its highest address; the
 * memory from the stack pointer up to there must stay readable for as long as the thread stands on it.
 *
 * Nobody has to call this: stacks are found without it, also those of swapcontext. What it adds:
 *
 * - the root. Where a switch in assembly has no unwind tables, samples otherwise end in a marker such as
 *   "[cut: no unwind information]", or go on into what lies behind the stack; told where it ends, they are whole;
 * - threads that sleep on such a stack are seen in the threads profile without being woken by a signal;
 * - speed: no system call for each page of the stack in each sample.
 *
 * At a switch, with the labels, which belong to what runs and not to the thread:
 *
 *	from->labels = cprof_set_labels(to->labels);
 *	cprof_stack_switch(to->stack, to->stack + to->stack_bytes);
 *	swap(&from->context, &to->context);
 *
 * May be called from anywhere, signal handlers included, and costs a few stores (the first call of a thread also takes
 * 64 bytes). Before the switch or after it makes no difference: the bounds count only while the stack pointer is
 * between them, and a sample that comes in between is taken as if nothing had been told. Its labels are those that were
 * set last. A coroutine may go on on another thread, which tells its stack again.
 */
void cprof_stack_switch(const void *low, const void *high);

/** The error in words ("already in use", where Go says "cpu profiling already in use"). Never NULL, never freed. */
const char *cprof_strerror(int error);

/** The library's version, "0.1.0". */
const char *cprof_version(void);

#ifdef __cplusplus
}
#endif

#endif
