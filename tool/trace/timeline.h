// SPDX-License-Identifier: MIT
// An execution trace in memory: what each thread did when. load.c fills it from a file; summary.c,
// perfetto.c and derive.c show it. Times are ns since the trace began.
//
// A thread runs except where a span says otherwise, so a timeline is as large as what was waited for and
// not as what was done. Spans of a thread come in order and never overlap.
#ifndef CPROF_TOOL_TIMELINE_H
#define CPROF_TOOL_TIMELINE_H

#include "base/buf.h"
#include "base/hashindex.h"
#include "base/idmap.h"
#include "tool/profile/profile.h"

enum timeline_state {
	STATE_RUNNING,  // none of the others
	STATE_RUNNABLE, // it had no CPU; what it had waited for was there
	STATE_LOCK,     // it wanted what another thread had: mutexes, rwlocks, spin locks
	STATE_WAITING,  // for other threads to do something: conditions, semaphores, barriers, joins
	STATE_SYSCALL,
	STATE_NETWORK,  // system calls on sockets, and for several files at once
	STATE_SLEEP,    // as it asked for, or all the time and nobody saw why
	STATE_UNKNOWN,  // events were lost, or it did not run and nothing says why
	NSTATES,
};

/** A time a thread did not run. */
struct timeline_span {
	int64_t begin_ns, end_ns;
	int64_t woken_ns;     // when the waker let it go on: from here to the end it was runnable
	uint64_t object;      // address of the lock; file descriptor; 0: unknown
	strid object_name;    // 0: none
	strid what;           // "mutex", "read"
	uint32_t thread;      // index, as all of these
	uint32_t waker;       // NO_INDEX: unknown
	uint32_t stack;       // where it waited
	uint32_t waker_stack; // where the waker let it go on
	uint32_t waker_tid;   // while loading
	uint8_t state;        // enum timeline_state
	bool is_cut;          // it began before the trace or ended after it
	bool is_given_up;     // it ended by time limit, signal or error
};

struct timeline_thread {
	uint32_t tid;
	strid name;               // 0: unknown
	int64_t begin_ns, end_ns; // of its life, within the trace
	bool is_born, is_ended;   // within the trace
	uint32_t first_span, nspans;
	int64_t state_ns[NSTATES];
	uint32_t first_share, nshares;

	// While loading.
	uint32_t open_span, open_region, before_of_tid;
};

/** What the kernel had counted of a thread's life at some moment. */
struct timeline_census {
	int64_t at_ns, cpu_ns, runqueue_ns;
	uint32_t thread;
};

/** How the time between two censuses divides in which a thread did not wait as far as the trace knows. */
struct timeline_share {
	int64_t begin_ns, end_ns;
	int64_t running_ns, runnable_ns, off_ns;
	enum timeline_state off_state; // what off_ns is: asleep if that is all of it, else unknown
};

struct timeline_region {
	int64_t begin_ns, end_ns;
	uint64_t task; // id; 0: none
	uint32_t thread;
	strid name;
	bool is_cut;
	uint32_t outer; // index of the region it is in; NO_INDEX: none
};

struct timeline_task {
	int64_t begin_ns, end_ns;
	uint64_t id, parent;
	uint32_t thread; // that began it
	strid name;
	bool is_cut;
};

struct timeline_log {
	int64_t at_ns;
	uint64_t task;
	uint32_t thread;
	strid category, message;
};

struct timeline_sample {
	int64_t at_ns, cpu_ns;
	uint32_t thread;
	uint32_t stack;
};

struct timeline_counter {
	int64_t at_ns;
	int64_t value;
	strid name;
};

/** A thread let others go on: it released a lock, or signalled a condition. */
struct timeline_wake {
	int64_t at_ns;
	uint64_t object;
	uint32_t thread;
	uint32_t stack;
};

struct timeline_stack {
	uint32_t begin, n;  // frames[begin .. begin + n), leaf first
	uint32_t place;     // the first stack with these frames, whatever its labels
	uint32_t label_set; // of symbols
};

/** A growing array. */
#define TIMELINE_LIST(type, name)     \
	struct timeline_##type *name; \
	uint32_t n##name, name##_cap

struct timeline {
	/** Strings, functions, locations and mappings; it has no samples (derive.c gives it some). */
	struct profile *symbols;

	uint32_t pid, ncpus;
	strid program;
	int64_t start_unix_ns; // what the clock on the wall said at 0
	int64_t start_mono_ns; // what CLOCK_MONOTONIC did
	int64_t end_ns;
	uint64_t nevents, nlost;
	strid *notes; // what is missing, a sentence each
	uint32_t nnotes, notes_cap;

	TIMELINE_LIST(thread, threads);
	TIMELINE_LIST(span, spans); // by thread and time
	TIMELINE_LIST(census, censuses); // by thread and time
	TIMELINE_LIST(share, shares);    // so too; of each the time it did run or could
	TIMELINE_LIST(region, regions);
	TIMELINE_LIST(task, tasks);
	TIMELINE_LIST(log, logs);
	TIMELINE_LIST(sample, samples);
	TIMELINE_LIST(counter, counters);
	TIMELINE_LIST(wake, wakes); // by object, thread and time
	TIMELINE_LIST(stack, stacks); // [0] is the empty one
	struct hash_index places;  // stacks that are their own place, by their frames
	uint32_t *frames;          // indexes into symbols->locations
	uint32_t nframes, frames_cap;
	struct idmap thread_of_tid; // the last one that had it
};

struct timeline *timeline_create(void);
void timeline_destroy(struct timeline *t);

static inline struct str timeline_str(const struct timeline *t, strid id)
{
	return profile_str(t->symbols, id);
}

static inline const uint32_t *timeline_frames(const struct timeline *t, uint32_t stack)
{
	return t->frames + t->stacks[stack].begin;
}

/** "request:/search, tenant:a", the labels of a stack. */
void timeline_put_labels(const struct timeline *t, uint32_t stack, struct buf *out);

/** The name of the innermost function at a location, "" for none. */
struct str timeline_function_name(const struct timeline *t, uint32_t location);

/** Its object is an address; else a file descriptor. */
static inline bool timeline_is_lock(const struct timeline_span *s)
{
	return s->state == STATE_LOCK || s->state == STATE_WAITING;
}

/** The end of the wait proper: for the rest of the span the thread was runnable. */
static inline int64_t timeline_wait_end(const struct timeline_span *s)
{
	return s->waker == NO_INDEX ? s->end_ns : s->woken_ns;
}

/** Sums of hostile files stop at the end of the number range. */
static inline int64_t timeline_sum(int64_t a, int64_t b)
{
	int64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static inline int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/** For qsort. */
static inline int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

#endif
