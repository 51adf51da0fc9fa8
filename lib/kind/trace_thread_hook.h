// SPDX-License-Identifier: MIT
// Context: SIG. The threads that have recorded something: a record each, found through thread-local storage.
// Shared by trace_*hook.c, by nobody else.
#ifndef CPROF_KIND_TRACE_THREAD_HOOK_H
#define CPROF_KIND_TRACE_THREAD_HOOK_H

#include "trace_hook.h"

// Records that are no thread's.
enum {
	CP_TRACE_PROCESS, // the process's own events
	CP_TRACE_NOBODY,  // of threads that are not to be seen: always busy
	CP_TRACE_FIRST_THREAD,
};

/** Those two alone, until a thread records something: then CP_TRACE_MAX_THREADS, for good. */
extern __attribute__((visibility("hidden"))) _Atomic(struct cp_trace_thread *) cp_trace_threads;

static inline struct cp_trace_thread *cp_trace_thread_at(uint32_t index)
{
	return &load(&cp_trace_threads, relaxed)[index];
}

/** The calling thread's record; 0: none yet. An index: a program has little room for our TLS. */
extern __attribute__((visibility("hidden"), tls_model("initial-exec"))) __thread uint32_t cp_trace_own;

/** Makes the calling thread's record. NULL: there are too many, or no memory for them. */
struct cp_trace_thread *cp_trace_join(void);

static inline struct cp_trace_thread *cp_trace_self(void)
{
	uint32_t own = cp_trace_own;
	return __builtin_expect(own != 0, 1) ? cp_trace_thread_at(own) : cp_trace_join();
}

static inline bool cp_trace_is_nobody(const struct cp_trace_thread *t)
{
	return t == cp_trace_thread_at(CP_TRACE_NOBODY);
}

/** A full buffer, or one that is taken away: to the writer, or to be kept. */
void cp_trace_hand_over(struct cp_trace_buffer *b);

#endif
