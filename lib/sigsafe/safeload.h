// SPDX-License-Identifier: MIT
// Context: SIG. Loads from a stack that may be damaged, or no stack at all.
//
// A walk carries one range it knows to be readable. Loads inside it are plain; outside, the page is
// probed by a system call and joins the range, or becomes a new one: so ordinary stacks, alternate
// stacks and coroutines all work, and nobody has to tell us their bounds. A thread's own stack stays
// mapped while the thread runs; once a walk has seen it up to the thread pointer, which lies at its
// top, the range is kept for the thread's next walks, and no more system calls are made there.
//
// Who does tell us (cprof_stack_switch) spares those system calls, and the walk knows where the stack ends: what
// lies behind it is never taken for frames, and code without tables at its top is the root.
#ifndef CPROF_SIGSAFE_SAFELOAD_H
#define CPROF_SIGSAFE_SAFELOAD_H

#include "types.h"

struct cp_readable {
	uintptr_t low, high; // [low, high); high is odd: closed, nothing may join it
};

// The low bits of a closed range's high.
enum {
	CP_READABLE_ENDS = 1, // a stack ends here
	CP_READABLE_CUT = 3,  // it goes on, but not in this copy
	CP_READABLE_CLOSED_MASK = 3,
};

/** These bytes and no others: a copy of another thread's stack. The last byte is left out. */
static inline struct cp_readable cp_readable_closed(uintptr_t low, uintptr_t end)
{
	return (struct cp_readable){low, (end - 1) | CP_READABLE_CUT};
}

/** A stack that ends at `end`, a multiple of 16. */
static inline struct cp_readable cp_readable_stack(uintptr_t low, uintptr_t end)
{
	return (struct cp_readable){low, end | CP_READABLE_ENDS};
}

/** Code without tables so near a stack's end is what its first function was called by. */
static inline bool cp_readable_ends_near(const struct cp_readable *range, uintptr_t sp)
{
	enum { NEAR_BYTES = 256 };
	return (range->high & CP_READABLE_CLOSED_MASK) == CP_READABLE_ENDS && range->high - sp <= NEAR_BYTES;
}

/** Somebody (Valgrind) reports who hands the kernel an address that cannot be read. Set before anything is read. */
extern __attribute__((visibility("hidden"))) bool cp_readable_is_checked;

/** The range that a walk of this thread begins with, at sp. */
struct cp_readable cp_readable_begin(uintptr_t sp);

/** The calling thread runs on the stack [low, high) from now on, or from a moment ago, or soon: it is looked at where
 *  the stack pointer is in it. high is a multiple of 16; 0: on its own. */
void cp_readable_tell(uintptr_t low, uintptr_t high);

/** Keeps what a walk has learnt about the thread's own stack. */
void cp_readable_keep(const struct cp_readable *range);

/** The calling thread has so many bytes of stack left, at most a page. Where it has used less so far the kernel is
 *  asked, by which the main thread's stack grows as if they were used. */
bool cp_readable_has_room(size_t nbytes);

/** For the main thread, whose stack ends elsewhere: all from here up to the stack's end. Context: CTL. */
void cp_readable_keep_main_stack(void);

/** Makes [addr, addr + nbytes) part of the range, if it can be read. nbytes <= 4096. */
bool cp_readable_extend(struct cp_readable *range, uintptr_t addr, size_t nbytes);

static inline bool cp_readable(struct cp_readable *range, uintptr_t addr, size_t nbytes)
{
	if (addr >= range->low && addr < range->high && nbytes <= range->high - addr)
		return true;
	return cp_readable_extend(range, addr, nbytes);
}

/** The word at addr; false: it cannot be read. A stack may lead into what ASan has poisoned. */
__attribute__((no_sanitize_address)) static inline bool
cp_load(struct cp_readable *range, uintptr_t addr, uintptr_t *value_out)
{
	if (!cp_readable(range, addr, sizeof(uintptr_t)))
		return false;
	__builtin_memcpy(value_out, (const void *)addr, sizeof(*value_out));
	return true;
}

#endif
