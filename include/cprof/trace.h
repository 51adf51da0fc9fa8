/* SPDX-License-Identifier: MIT
 *
 * <cprof/trace.h>: what Go's runtime/trace is to a Go program: what each thread did when, and what it waited for.
 *
 *   cprof_trace_start(cprof_to_path("out.trace"));
 *   ...
 *   cprof_trace_stop();
 *
 *   cprof trace out.trace
 *
 * In the trace: threads as they begin and end; waits for locks, condition variables, semaphores, barriers and
 * joins, with stacks, and who ended each; blocking system calls; CPU samples while a CPU profile runs; the heap;
 * and what the program tells of itself by the functions below. While no trace is on, each of these costs a call,
 * a load and a branch; while one is on, the two events of a region some tens of nanoseconds.
 *
 * Functions may be called from any thread at any time, also from signal handlers where they say so. They return
 * 0 or a negative errno value; cprof_strerror() gives it in words.
 */
#ifndef CPROF_TRACE_H
#define CPROF_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cprof_writer; /* where a trace goes: <cprof/pprof.h>, which is to be included for it */

/**
 * Starts the trace of the whole process. Go: trace.Start. A file (cprof_to_path) is begun now and grows: if the
 * process is killed, what was written is a trace, and no more than about a second is missing. Other writers are
 * called on a thread of the library, and must not call functions of this header. The child of a fork is not traced.
 *
 * -EBUSY: a trace is running already, or this is called by its writer. -ENOENT, -EACCES, ...: the path. -ENOMEM.
 */
int cprof_trace_start(struct cprof_writer writer);

/** Stops it; all events until now are written when it returns, with the writer's first error. 0 where none is
 *  running. Go: trace.Stop. */
int cprof_trace_stop(void);

/** A trace is running, or the flight recorder. Go: trace.IsEnabled. Any context. */
bool cprof_trace_is_enabled(void);

/**
 * Tasks: operations that span threads, such as a request. `type` should be one of few; it is copied. `parent` is
 * the task this is a part of, 0: none. Always gives an id, so that one begun before a trace may end in it.
 * Go: trace.NewTask, Task.End. Any context.
 */
uint64_t cprof_trace_task_begin(const char *type, uint64_t parent);
void cprof_trace_task_end(uint64_t task);

/** From now on this thread works on `task`, 0: on none; regions and logs belong to it. Returns which it was.
 *  (In Go, the context says so.) Any context. */
uint64_t cprof_trace_set_task(uint64_t task);
uint64_t cprof_trace_current_task(void);

/**
 * Regions: a stretch of a thread's time, of its current task. They nest: end the inner one first, on the thread
 * that began it. `type` is copied. Go: trace.StartRegion, Region.End. Any context.
 */
struct cprof_trace_region {
	uint64_t task;
	uint32_t type; /* 0: no trace was on */
};

struct cprof_trace_region cprof_trace_region_begin(const char *type);
void cprof_trace_region_end(const struct cprof_trace_region *region);

/** A region until the end of the block: { CPROF_TRACE_REGION("parse"); ... }. GCC and clang. */
#define CPROF_TRACE_REGION(type)                                                                    \
	struct cprof_trace_region CPROF_TRACE_NAME_(cprof_region_, __LINE__)                        \
			__attribute__((cleanup(cprof_trace_region_leave_), unused)) = cprof_trace_region_begin(type)
#define CPROF_TRACE_NAME_(name, line) CPROF_TRACE_PASTE_(name, line)
#define CPROF_TRACE_PASTE_(name, line) name##line

static inline void cprof_trace_region_leave_(struct cprof_trace_region *region)
{
	cprof_trace_region_end(region);
}

/** A message at this moment, of this thread's task; 4096 bytes of it are kept. Go: trace.Log, trace.Logf. The
 *  first may be called in any context. */
void cprof_trace_log(const char *category, const char *message);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void cprof_trace_logf(const char *category, const char *format, ...);

/**
 * The flight recorder: the trace of the last seconds, in memory, to be written when something has happened.
 * Go: trace.FlightRecorder. It may run beside a trace, and has the trace's memory, 32 MiB, for as long.
 */
struct cprof_flight_recorder_options {
	/* What a snapshot reaches back, if the memory suffices. 0: 10 seconds, as in Go. */
	int64_t min_age_ns;
	/* Of the events' memory; this wins. 0: 10 MiB, as in Go; at least 512 KiB, at most 64 MiB. Each thread
	 * that records takes 8 KiB of it at a time. Stacks and names, each kept once, come on top. */
	size_t max_bytes;
	/* Where a snapshot is written when SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT ends the process; NULL:
	 * nowhere. %p: the process id. A handler the program had comes after ours; one it sets later, before. */
	const char *crash_path;
};

/** options NULL: all as in Go. -EBUSY: it is on already. -EINVAL: a negative age. -ENAMETOOLONG. -ENOMEM. */
int cprof_flight_recorder_start(const struct cprof_flight_recorder_options *options);

/** 0 where it is not on. */
int cprof_flight_recorder_stop(void);

bool cprof_flight_recorder_is_enabled(void);

/** Writes a snapshot: a whole trace. It goes on meanwhile. -ENODATA: it is not on. Else the writer's errors. */
int cprof_flight_recorder_write_to(struct cprof_writer writer);

#ifdef __cplusplus
}
#endif

#endif
