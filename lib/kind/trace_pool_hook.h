// SPDX-License-Identifier: MIT
// Context: SIG. The memory events go into: buffers, each of one thread at a time.
//
//   free -> owned by a thread -> pending, until the writer has it -> kept, until another thread needs room
//
// The kept ones are the past: all of them together are what the flight recorder shows. Nothing but these states
// says so, hence a snapshot needs no lock, and may be taken by a signal handler. Threads take the buffers round
// and round, so it is the oldest that go first; one a quiet thread owns is passed over.
#ifndef CPROF_KIND_TRACE_POOL_HOOK_H
#define CPROF_KIND_TRACE_POOL_HOOK_H

#include "sigsafe/atomic.h"
#include "sigsafe/types.h"

enum { CP_TRACE_BUFFER_BYTES = 8 << 10, CP_TRACE_MAX_BUFFERS = 8 << 10 };

enum cp_trace_buffer_state {
	CP_TRACE_FREE,
	CP_TRACE_TAKEN, // becomes owned
	CP_TRACE_OWNED,
	CP_TRACE_PENDING,
	CP_TRACE_KEPT,
};

enum { CP_TRACE_STATE_BITS = 3, CP_TRACE_STATE_MASK = 7 };

struct cp_trace_buffer {
	_Atomic uint64_t state; // and in the bits above, how often it was taken
	uint8_t *bytes;
	uint32_t tid;
	uint64_t base_ticks;       // of the first event
	_Atomic uint64_t progress; // cp_trace_progress()
};

/** How far a buffer is written, in one word: bytes used, ticks from the first event to the last. */
static inline uint64_t cp_trace_progress(uint64_t ticks, size_t used_bytes)
{
	return ticks << 16 | used_bytes;
}

static inline size_t cp_trace_used_bytes(uint64_t progress)
{
	return (size_t)(progress & 0xffff);
}

static inline uint64_t cp_trace_span_ticks(uint64_t progress)
{
	return progress >> 16;
}

/** How many buffers threads may take. What is kept in others is dropped. 0 or -ENOMEM. Context: CTL. */
int cp_trace_pool_resize(uint32_t nbuffers);

/** Indexes of buffers that may have something in them are below. */
uint32_t cp_trace_pool_count(void);
struct cp_trace_buffer *cp_trace_pool_at(uint32_t index);

/** An empty buffer of thread tid; NULL: all are owned or pending. */
struct cp_trace_buffer *cp_trace_pool_take(uint32_t tid, uint64_t now_ticks);

/** How many were taken, or passed over, so far. Until it has grown by all there are, what was given since is kept. */
uint32_t cp_trace_pool_ntaken(void);

/** From OWNED or PENDING, by whom it belongs to. */
void cp_trace_pool_give(struct cp_trace_buffer *b, enum cp_trace_buffer_state to);

static inline enum cp_trace_buffer_state cp_trace_buffer_state(uint64_t state)
{
	return (enum cp_trace_buffer_state)(state & CP_TRACE_STATE_MASK);
}

/** What waits for a writer does so no more, and is kept. Nobody hands over pending ones. Context: CTL. */
void cp_trace_pool_keep_pending(void);

/** What was in a buffer at one moment. */
struct cp_trace_view {
	uint32_t tid;
	uint64_t base_ticks, span_ticks;
	size_t nbytes;
	enum cp_trace_buffer_state state;
	uint8_t bytes[CP_TRACE_BUFFER_BYTES];
};

/** False: it is empty, or was taken by another thread meanwhile. */
bool cp_trace_pool_view(uint32_t index, struct cp_trace_view *view_out);

/** Nobody records: all buffers become free, their memory is given back. Context: CTL, FORK. */
void cp_trace_pool_reset(void);

#endif
