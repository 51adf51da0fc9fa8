// SPDX-License-Identifier: MIT
// Context: SIG. The threads that are profiled: one record each, in a slab that is never freed.
//
// A record is found by its index (it travels in the timer's signal, so a handler needs no TLS:
// threads made by a raw clone, or armed from outside, have none of ours) or by thread id.
#ifndef CPROF_SIGSAFE_THREAD_H
#define CPROF_SIGSAFE_THREAD_H

#include "types.h"

enum cp_thread_state {
	CP_THREAD_FREE,
	CP_THREAD_ARMING,  // somebody is at making it tick
	CP_THREAD_ARMED,   // it ticks
	CP_THREAD_MOVING,  // it ticks, and the collector is at moving that
	CP_THREAD_LEAVING, // somebody is at making it stop: what still arrives is accounted for
};

/** What the execution trace knows of a thread's creator. */
struct cp_trace_birth {
	uint32_t session; // of the trace; 0: none was on
	uint32_t stack;   // its id in that
	int creator_tid;
};

struct cp_cpu_engine;
struct cp_stack;
struct cprof_labels;

struct cp_thread {
	_Atomic uint32_t state; // enum cp_thread_state; who moves it on owns what is below
	_Atomic int tid;        // 0: none
	uint32_t index;         // of this record, from 1
	_Atomic uint32_t next;  // index of the next in its bucket, or of the next free one
	uint32_t scan;          // number of the task scan that saw it last
	int timer_id;           // of the timer engine
	int perf_fd;            // of the perf engine
	_Atomic bool has_period; // perf: the random first period is over
	_Atomic bool is_queued;  // perf: the collector is to end it
	_Atomic uint32_t queue_next;
	bool is_newborn;        // began while the profile ran: all its CPU time is to be in it
	const struct cp_cpu_engine *engine;
	_Atomic uint64_t ticks; // periods delivered
	uint64_t moved_at;      // ticks when they were moved within the period
	_Atomic uint32_t nskipped; // periods without a tick since, which the next one stands for
	uint64_t since_ns;      // its CPU clock where its time in the profile begins
	uint64_t first_ns;      // from there to its first tick
	uintptr_t start;        // start routine, 0: not known
	void *arg;              // of the start routine, until it has begun
	const struct cprof_labels *labels; // of its creator, until it has begun; NULL: none
	struct cp_stack *created_at;       // its creator's stack, until it has begun; NULL: not known
	struct cp_trace_birth birth;       // until it has begun
};

/** A record that belongs to nobody yet; NULL: no memory. */
struct cp_thread *cp_thread_new(void);

/**
 * Makes `tid` findable: by `spare` (from cp_thread_new) unless it has a record already. Then that
 * one is returned and *existed_out set, and spare is still the caller's.
 */
struct cp_thread *cp_thread_enter(struct cp_thread *spare, int tid, bool *existed_out);

/** Takes t out of the table, if it is in it, and frees it. */
void cp_thread_free(struct cp_thread *t);

/** NULL: none. Lock-free. */
struct cp_thread *cp_thread_at(uint32_t index);
struct cp_thread *cp_thread_find(int tid);

/** Records have indexes in [1, limit). */
uint32_t cp_thread_limit(void);

/** Moves t on if it is in `from`; true: the caller owns it now. */
bool cp_thread_claim(struct cp_thread *t, enum cp_thread_state from, enum cp_thread_state to);

/** Forgets all threads: in a fork child they do not exist. Context: FORK. */
void cp_thread_forget_all(void);

/** Threads of ours are never profiled. They call this first; it is undone by their end. */
void cp_thread_exclude_self(void);
void cp_thread_include_self(void);
bool cp_thread_is_excluded(int tid);
unsigned cp_thread_own_count(void);

/** CPU time they took so far. */
uint64_t cp_thread_own_cpu_ns(void);

/** Their entry function, so that the pthread_create hook lets them pass. 0: there were none yet. */
extern _Atomic uintptr_t cp_thread_own_entry;

#endif
