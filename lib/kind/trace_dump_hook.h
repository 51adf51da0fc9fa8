// SPDX-License-Identifier: MIT
// Context: SIG. From tables and buffers to the bytes of a trace, in somebody's hands: the keeper's for a file
// that grows, a client's for a snapshot, a crash handler's.
#ifndef CPROF_KIND_TRACE_DUMP_HOOK_H
#define CPROF_KIND_TRACE_DUMP_HOOK_H

#include "sigsafe/labels.h"
#include "trace_clock_hook.h"
#include "trace_hook.h"

/** Chunks that were made for all: names of what stacks lead through. trace_tables.c adds them, at the end. */
struct cp_trace_made {
	_Atomic(struct cp_trace_made *) next;
	uint32_t stacks_end; // stacks below have their names in it and those before it
	size_t nbytes;
	uint8_t bytes[];
};

/** The first, which is empty; its session's. */
extern __attribute__((visibility("hidden"))) struct cp_trace_made cp_trace_made;

enum { CP_TRACE_SINK_BYTES = 32 << 10, CP_TRACE_PAYLOAD_BYTES = 16 << 10 };

/** Where one trace goes. Large: not for a stack. */
struct cp_trace_sink {
	int (*write)(void *arg, const void *data, size_t nbytes); // 0 or a negative errno
	void *arg;
	int error; // of write, the first; then nothing more is written
	struct cp_trace_point now; // newer than all that is written
	uint32_t strings_end, stacks_end; // those below are written
	const struct cp_trace_made *made; // the last that is written
	size_t used_bytes;
	uint8_t bytes[CP_TRACE_SINK_BYTES];
	uint8_t payload[CP_TRACE_PAYLOAD_BYTES];
	struct cp_trace_view view;
};

/** The head of the file, and what is told of the process. */
void cp_trace_sink_begin(struct cp_trace_sink *s, int (*write)(void *arg, const void *data, size_t nbytes),
		void *arg);

/** Tables' entries that are new since the last call. */
void cp_trace_put_tables(struct cp_trace_sink *s);

/** Of a stack's record what stands before its locations; returns how many numbers. Strings it needs are new, maybe. */
enum { CP_TRACE_STACK_NUMBERS = 3 + 2 * CP_LABELS_MAX };
size_t cp_trace_stack_begin(const struct cp_interned_entry *e, uint64_t *numbers_out);

/** All buffers whose last event is not older than that. */
void cp_trace_put_buffers(struct cp_trace_sink *s, uint64_t since_ns);

/** s->view as a chunk of events. */
void cp_trace_put_view(struct cp_trace_sink *s);

/** The end; signal 0: it was stopped. */
void cp_trace_put_end(struct cp_trace_sink *s, int signal);

/** All that is buffered. Returns s->error. */
int cp_trace_sink_flush(struct cp_trace_sink *s);

#endif
