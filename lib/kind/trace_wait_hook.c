// SPDX-License-Identifier: MIT
// Context: SIG. See trace_wait_hook.h.
#include "trace_wait_hook.h"

#include "sigsafe/ticks.h"
#include "trace_thread_hook.h"

enum { PLACES_LOG2 = 12, TID_BITS = 22 /* Linux's PID_MAX_LIMIT */ };

// The object's hash without the bits that are the place, and the thread.
static _Atomic uint64_t notes[1 << PLACES_LOG2] CP_TABLE;

static uint64_t hash_of(const void *object)
{
	return (uint64_t)(uintptr_t)object * 0x9e3779b97f4a7c15u;
}

uint64_t cp_trace_wake_begin(const void *object)
{
	struct cp_trace_thread *t = cp_trace_self();
	uint64_t hash = hash_of(object), tid = t ? (uint64_t)load(&t->tid, relaxed) : 0;
	store(&notes[hash >> (64 - PLACES_LOG2)], hash << TID_BITS | tid, relaxed);
	return cp_ticks_now();
}

static uint64_t waker_of(const void *object)
{
	uint64_t hash = hash_of(object);
	uint64_t note = load(&notes[hash >> (64 - PLACES_LOG2)], relaxed);
	if (note >> TID_BITS != hash << TID_BITS >> TID_BITS)
		return 0;
	return note & ((1 << TID_BITS) - 1);
}

void cp_trace_wait_begin(const struct cp_wait_site *site, const void *object)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	uint64_t args[] = {site->wait, (uintptr_t)object, 0};
	uint64_t ticks = cp_ticks_now();
	cp_trace_stack_event(ticks, TRACE_WAIT_BEGIN, args, 3, pcs, cp_wait_capture(pcs, site));
}

void cp_trace_wait_end(const void *object, enum cp_wait_outcome outcome)
{
	uint64_t waker = object && outcome == CP_WAIT_OVER ? waker_of(object) : 0;
	struct cp_trace_thread *t = cp_trace_self();
	if (t && waker == (uint64_t)load(&t->tid, relaxed))
		waker = 0; // its own, of an earlier turn
	const uint64_t args[] = {waker, outcome != CP_WAIT_OVER};
	cp_trace_event(TRACE_WAIT_END, args, 2);
}

void cp_trace_wake_end(const struct cp_wait_site *site, const void *object, uint64_t ticks)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	uint64_t args[] = {site->wait, (uintptr_t)object, 0};
	cp_trace_stack_event(ticks, TRACE_WAKE, args, 3, pcs, cp_wait_capture(pcs, site));
}
