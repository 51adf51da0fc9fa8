// SPDX-License-Identifier: MIT
// Context: SIG. CPROFDEBUG=allocfreetrace=1: each malloc, free and realloc on its way to lib/debug/alloctrace.c.
//
// Here a full ring is waited for: who asks for every call wants every call, and has time. But never for long:
// the reader may need a lock that this very thread holds (the loader's). Then calls are counted as lost, and
// nobody waits again before the reader has moved on.
#ifndef CPROF_KIND_ALLOCTRACE_HOOK_H
#define CPROF_KIND_ALLOCTRACE_HOOK_H

#include "sigsafe/atomic.h"
#include "sigsafe/ring.h"

enum cp_alloctrace_call {
	CP_ALLOCTRACE_ALLOC,
	CP_ALLOCTRACE_FREE,
	CP_ALLOCTRACE_REALLOC,
};

/** What a record of the ring holds before its stack; its tag is the call. */
enum cp_alloctrace_word {
	CP_ALLOCTRACE_TID,
	CP_ALLOCTRACE_PTR,
	CP_ALLOCTRACE_OLD_PTR, // of a realloc
	CP_ALLOCTRACE_BYTES,
	CP_ALLOCTRACE_WORDS,
};

struct cp_alloctrace {
	_Atomic bool is_on;
	struct cp_rings *ring;       // one, so that the order of calls is kept
	_Atomic uint32_t bell;       // a futex: grows with each record
	_Atomic bool is_waiting;     // the reader, for the bell
	_Atomic bool is_stalled;     // the reader did not come in time
	_Atomic uint64_t nlost;
};

extern __attribute__((visibility("hidden"))) struct cp_alloctrace cp_alloctrace;

/** `caller` is the interposed function's return address. Only where is_on. */
void cp_alloctrace_record(enum cp_alloctrace_call call, const void *ptr, const void *old_ptr, uint64_t size_bytes,
		const void *caller);

#endif
