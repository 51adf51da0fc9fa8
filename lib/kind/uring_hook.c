// SPDX-License-Identifier: MIT
// Context: SIG. See uring_hook.h.
#include "uring_hook.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

#include "sigsafe/cut.h"
#include "sigsafe/sys.h"

#if defined(__x86_64__)

enum {
	UCONTEXT_GREGS = 40, // of struct ucontext; kernel ABI
	R8 = 0,
	R9 = 1,
	R10 = 2,
	RDI = 8,
	RSI = 9,
	RDX = 12,
	RAX = 13,
	RIP = 16,
	CALL_BYTES = 2,            // of `syscall`
	MAX_COMPLETIONS = 1 << 17, // the most a ring has room for
};

/// The kernel's ABI, younger than some of its headers

enum {
	GETEVENTS = 1 << 0, // IORING_ENTER_GETEVENTS, and so on
	SQ_WAKEUP = 1 << 1,
	EXT_ARG = 1 << 3,
	REGISTERED_RING = 1 << 4,
};

/** struct io_uring_getevents_arg */
struct wait_arg {
	uint64_t sigmask;
	uint32_t sigmask_bytes;
	uint32_t min_wait_us; // of no meaning at first
	uint64_t time;
};

/// The call

/** One that submits nothing. What is younger than we are may be anything. */
static bool is_wait(const uintptr_t *gregs)
{
	uint32_t known = GETEVENTS | SQ_WAKEUP | EXT_ARG | REGISTERED_RING;
	uintptr_t flags = gregs[R10];
	return gregs[RDI] <= INT_MAX && gregs[RSI] == 0 && gregs[RDX] - 1 < MAX_COMPLETIONS &&
	       flags & GETEVENTS && !(flags & ~(uintptr_t)known);
}

/** Which call it was is in no register any more. With these arguments on a ring there is no other,
 * and the kernel knows whether it is one: asked for nothing, it does nothing. */
static bool is_ring(const uintptr_t *gregs)
{
	uint32_t flags = (uint32_t)gregs[R10] & REGISTERED_RING;
	return cp_syscall(__NR_io_uring_enter, (uint32_t)gregs[RDI], 0, 0, flags) == 0;
}

/** A time would begin anew with the call, and a mask of signals lets handlers run that the thread's
 * own does not. The kernel has just read the argument. */
static bool is_plain(const uintptr_t *gregs)
{
	if (!(gregs[R10] & EXT_ARG))
		return gregs[R8] == 0;
	const struct wait_arg *arg = (const void *)gregs[R8];
	return gregs[R9] == sizeof(*arg) && arg->sigmask == 0 && arg->min_wait_us == 0 &&
	       arg->time == 0;
}

bool cp_uring_is_cut(const void *ucontext)
{
	const uintptr_t *gregs = (const uintptr_t *)((const char *)ucontext + UCONTEXT_GREGS);
	return (long)gregs[RAX] == -EINTR && cp_cut_is_behind_call(gregs[RIP]) && is_wait(gregs) &&
	       is_ring(gregs) && is_plain(gregs);
}

void cp_uring_go_on(void *ucontext)
{
	uintptr_t *gregs = (uintptr_t *)((char *)ucontext + UCONTEXT_GREGS);
	gregs[RAX] = __NR_io_uring_enter;
	gregs[RIP] -= CALL_BYTES;
}

#else

bool cp_uring_is_cut(const void *ucontext)
{
	(void)ucontext;
	return false;
}

void cp_uring_go_on(void *ucontext)
{
	(void)ucontext;
}

#endif
