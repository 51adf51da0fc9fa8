// SPDX-License-Identifier: MIT
// Context: SIG. The execution trace where it meets the application: each thread writes its events into a
// buffer of its own (trace_pool_hook.h), with no lock and no system call. trace_keeper.c is the other side.
//
// A thread is `busy` while it writes. A handler that interrupts it there loses its event, and counts it. Who
// wants to take a thread's buffer away takes it out of its record, makes all processors see that (membarrier),
// and then has it when the thread is not busy: so the thread itself needs no barrier.
#ifndef CPROF_KIND_TRACE_HOOK_H
#define CPROF_KIND_TRACE_HOOK_H

#include "format/tracefmt.h"
#include "sigsafe/atomic.h"
#include "sigsafe/interned.h"
#include "sigsafe/thread.h"
#include "sigsafe/turn.h"
#include "sigsafe/types.h"
#include "trace_pool_hook.h"

// Bits of cp_trace_mode.
enum {
	CP_TRACE_STREAM = 1,   // into a file: buffers wait until they are written
	CP_TRACE_RECORDER = 2, // only the last ones are of interest
};

extern __attribute__((visibility("hidden"))) _Atomic unsigned cp_trace_mode;

#define cp_trace_is_on() __builtin_expect(load(&cp_trace_mode, relaxed) != 0, 0)

enum { CP_TRACE_MAX_THREADS = 8 << 10, CP_TRACE_MAX_TEXT_BYTES = 4 << 10 };

/** One of a thread that has recorded something, or of the process. */
struct cp_trace_thread {
	_Atomic int tid; // 0: free
	_Atomic bool busy;
	_Atomic(struct cp_trace_buffer *) buffer; // NULL: none
	struct cp_trace_buffer *doubtful; // taken away while it was busy
	uint64_t task;
	_Atomic uint64_t lost; // events, since the last TRACE_LOST
	uint64_t retry_ticks;  // there was no buffer: not before this
} __attribute__((aligned(64)));

/** What all share. */
struct cp_trace_shared {
	struct cp_interned strings, stacks; // a stack's head is its epoch
	_Atomic uint32_t session;    // stacks' ids are of this one
	_Atomic uint32_t npending;   // buffers for the writer
	_Atomic uint32_t wake;       // a futex: the keeper has something to do
	struct cp_turn control;      // of who starts and stops; see trace_session.h
	struct cp_turn turn;         // of who writes
	_Atomic uint64_t lost_events, lost_samples;
	_Atomic uint64_t next_task;
	uint64_t ticks_per_ms;
	uint64_t max_age_ticks;      // a buffer is handed over when it is as old
	uint64_t start_ticks;        // of this session: buffers of before are dropped
	int pid;                     // of the process that traces
	uint32_t ncpus, program;     // the latter a string: its path
	uint32_t no_room;            // a string, in place of those there is no room for
};

extern __attribute__((visibility("hidden"))) struct cp_trace_shared cp_trace_shared;

/// This thread's events, now. All do nothing while no trace is on.

void cp_trace_event(enum trace_event_kind kind, const uint64_t *args, size_t nargs);

/** With a text, of which CP_TRACE_MAX_TEXT_BYTES are kept. */
void cp_trace_text_event(enum trace_event_kind kind, const uint64_t *args, size_t nargs, const char *text,
		size_t nbytes);

/** An event of the process, not of a thread; only by the keeper. */
void cp_trace_process_event(enum trace_event_kind kind, const uint64_t *args, size_t nargs, const char *text,
		size_t nbytes);

/** The id of a region's, task's or category's name. */
uint32_t cp_trace_string(const char *text);

/** The id of a stack with the labels (their id) its thread has, 0: no room. Only while the thread is busy: else the
 *  table may be made anew. */
uint32_t cp_trace_stack(const uintptr_t *pcs, uint32_t npcs, uint32_t labels_id);

/** An entry of the table of stacks tells them apart by more than their pcs. */
static inline uint64_t cp_trace_stack_head(uint32_t epoch, uint32_t labels_id)
{
	return (uint64_t)labels_id << 32 | epoch;
}

static inline uint32_t cp_trace_stack_epoch(const struct cp_interned_entry *e)
{
	return (uint32_t)e->head;
}

static inline uint32_t cp_trace_stack_labels(const struct cp_interned_entry *e)
{
	return (uint32_t)(e->head >> 32);
}

/** Which task this thread works on; returns which it was. */
uint64_t cp_trace_set_task(uint64_t task);
uint64_t cp_trace_task(void);

void cp_trace_region(enum trace_event_kind kind, uint64_t task, uint32_t type);

/** The signal handler of the CPU profile took a sample of thread tid, which it interrupted. */
void cp_trace_cpu_sample(int tid, uint64_t cpu_ns, const uintptr_t *pcs, uint32_t npcs);

/** With a stack, whose id becomes the last argument, as of a moment ago. */
void cp_trace_stack_event(uint64_t ticks, enum trace_event_kind kind, uint64_t *args, size_t nargs,
		const uintptr_t *pcs, uint32_t npcs);

/// Threads

/** Before a thread is made, by whom calls pthread_create with return address `caller`. */
void cp_trace_thread_expect(struct cp_trace_birth *birth_out, const void *caller);

/** In the new thread; and when it ends: self is its pthread_t. */
void cp_trace_thread_begin(const struct cp_trace_birth *birth, uintptr_t start);
void cp_trace_thread_end(uintptr_t self);

/** Room for what is known of each thread; else the first event makes it. 0 or -ENOMEM. */
int cp_trace_threads_reserve(void);

/** From now on, until shown again, this thread does our work and no event is its. Returns what show needs. */
uint32_t cp_trace_hide(void);
void cp_trace_show(uint32_t hidden);

/// For the keeper

/** Takes the buffers away that hold something older than `before` (UINT64_MAX: all), those of threads that are
 *  gone whatever they hold, and gives them on as the mode says. One caller at a time. Context: CTL. */
void cp_trace_take_buffers(uint64_t before_ticks);

/** With the mode 0: waits until no thread is writing. False: one still may be. Context: CTL. */
bool cp_trace_quiesce(void);

/** In the child of fork(): no trace is on, and no thread has recorded. Context: FORK. */
void cp_trace_reset_in_child(void);

#endif
