// SPDX-License-Identifier: MIT
// Context: SIG. The block and the mutex profile's share of a lock that is taken, and the syscall profile's of
// a system call.
//
// One wait serves both. The block profile charges it to the thread that waited, when the wait is over; the
// mutex profile to each thread that released the lock meanwhile, for its part. The syscall profile is to system
// calls what the block profile is to locks. All are sampled here and recorded unbiased, so a change of rate
// never alters what is recorded (Go's rules since 1.17 and 1.22). The functions that are stood in for are in
// lib/interpose/; with the profiles off they do nothing but load cp_contention_mode, or cp_calls_mode.
#ifndef CPROF_KIND_CONTENTION_HOOK_H
#define CPROF_KIND_CONTENTION_HOOK_H

#include "format/tracefmt.h"
#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/lock.h"
#include "sigsafe/stacktab.h"
#include "sigsafe/types.h"
#include "sigsafe/unwind.h"
#include "waiters_hook.h"

// Bits of cp_contention_mode.
enum {
	CP_CONTENTION_BLOCK = 1,
	CP_CONTENTION_MUTEX = 2,
	CP_CONTENTION_TRACE = 4, // the execution trace
	CP_CONTENTION_WALL = 8,  // the wall-clock profile, which wants to know where who waits stands
};

// Bits of cp_calls_mode.
enum {
	CP_CALLS_PROFILE = 1,
	CP_CALLS_TRACE = 2,
	CP_CALLS_WALL = 4,
	CP_CALLS_CPU = 8, // ticks come out of them (sigsafe/cut.h)
};

extern __attribute__((visibility("hidden"))) _Atomic unsigned cp_contention_mode, cp_calls_mode;

/** Nothing is to be done but to call the real function. Context: SIG. A macro: functions that stand in begin
 *  with it, and their first address, the leaf of the stacks, must not be another's that is inlined there. */
#define cp_contention_is_off() __builtin_expect(load(&cp_contention_mode, relaxed) == 0, 1)

/** The same of system calls. */
#define cp_calls_are_off() __builtin_expect(load(&cp_calls_mode, relaxed) == 0, 1)

// What a stack's values[] hold, unsampled already.
enum cp_contention_value {
	CP_CONTENTION_COUNT_Q16, // a short wait that was kept stands for many: a fraction
	CP_CONTENTION_DELAY_NS,
};

struct cp_contention {
	struct cp_stacktab stacks;
	_Atomic bool is_ready;     // the table is there, the unwinder works
	_Atomic uint64_t sampling; // block, calls: ns; mutex: 1 of so many; 0: off
};

extern __attribute__((visibility("hidden"))) struct cp_contention cp_block, cp_mutex, cp_calls;

/** For who switches them on and off; their tables are read while they grow. Context: CTL. */
extern __attribute__((visibility("hidden"))) struct cp_lock cp_contention_changes;

/** Who waits, or lets others go on, and where. */
struct cp_wait_site {
	enum trace_wait wait;   // for what
	void (*function)(void); // of those we stand in for
	const void *caller;     // its return address
};

/** A wait that goes on. */
struct cp_wait {
	struct cp_wait_site site;
	const void *object;
	uint64_t start_ns; // 0: no profile did ask
	struct cp_waiter *waiter;
	bool is_traced, is_parked;
};

/** regs: of a function that stays on the stack while it waits at `site`, for who looks at the thread from outside.
 *  Context: SIG. */
struct cp_wait cp_wait_begin_at(const struct cp_regs *regs, const struct cp_wait_site *site, const void *object);
struct cp_wait cp_call_begin_at(const struct cp_regs *regs, const struct cp_wait_site *site, const void *object);

/** object: the lock's address, a descriptor. Context: SIG. */
static inline __attribute__((always_inline)) struct cp_wait cp_wait_begin(
		const struct cp_wait_site *site, const void *object)
{
	struct cp_regs here;
	cp_regs_here(&here);
	return cp_wait_begin_at(&here, site, object);
}

enum cp_wait_outcome {
	CP_WAIT_FAILED,   // an error on the spot: there was no wait
	CP_WAIT_OVER,     // what was waited for came
	CP_WAIT_GIVEN_UP, // the time limit passed, a signal came
};

/** Context: SIG. */
void cp_wait_end(const struct cp_wait *wait, enum cp_wait_outcome outcome);

/** The same around a system call, but that its end may never come: the thread may be cancelled in it. */
static inline __attribute__((always_inline)) struct cp_wait cp_call_begin(
		const struct cp_wait_site *site, const void *object)
{
	struct cp_regs here;
	cp_regs_here(&here);
	return cp_call_begin_at(&here, site, object);
}
void cp_call_end(const struct cp_wait *wait, enum cp_wait_outcome outcome);

/** A release that others wait for. */
struct cp_release {
	const void *lock;
	uint64_t delay_ns;    // of its waiters, to be recorded; 0: nothing
	uint64_t trace_ticks; // of the trace's clock; 0: none is on
};

/** Around the release of a lock: before it, what is to be recorded; after it, when others have it, the rest of
 *  the work. Context: SIG. */
struct cp_release cp_release_begin(const void *lock);
void cp_release_end(const struct cp_release *release, const struct cp_wait_site *site);

/** The same around what lets others go on and is no lock, while a trace is on. Context: SIG. */
struct cp_release cp_wake_begin(const void *object);
void cp_wake_end(const struct cp_release *wake, const struct cp_wait_site *site);

/** The function waited in, then its callers: what is between it and the unwinder is of no interest. Returns the number
 *  of pcs. Context: SIG. */
uint32_t cp_wait_capture(uintptr_t pcs[static CP_CAPTURE_PCS], const struct cp_wait_site *site);

/** In the child of fork(): nothing was waited for yet. Context: FORK. */
void cp_contention_reset_in_child(void);

#endif
