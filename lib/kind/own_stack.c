// SPDX-License-Identifier: MIT
// Context: CTL. See own_stack.h.
//
// Programs call _exit() and exec on stacks that were made for less than writing a profile: a signal
// handler's of 8 KiB, a thread's of 16 KiB. Another thread would do it, but making one may call malloc,
// which the handler may have interrupted.
//
// No signal may come meanwhile: from a stack that it does not know, the kernel would go to the beginning of the
// alternate one, where the very handler that called us may have its frames.
#include "own_stack.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "sigsafe/pagealloc.h"
#include "sigsafe/sigmask.h"

/** At the upper end of the pages, the stack below it. */
struct call {
	int (*fn)(void *arg);
	void *arg;
	int result;
	ucontext_t own, back;
};

/** makecontext() passes ints. */
static void enter(unsigned high, unsigned low)
{
	struct call *c = (struct call *)((uintptr_t)high << 32 | low);
	c->result = c->fn(c->arg);
}

int cp_own_stack_call(int (*fn)(void *arg), void *arg)
{
	char *pages = cp_pages_alloc(CP_OWN_GUARD_BYTES + CP_OWN_STACK_BYTES);
	if (!pages)
		return -ENOMEM;
	mprotect(pages, CP_OWN_GUARD_BYTES, PROT_NONE);
	size_t size_bytes = (CP_OWN_STACK_BYTES - sizeof(struct call)) & ~(size_t)63;
	struct call *c = (struct call *)(pages + CP_OWN_GUARD_BYTES + size_bytes);
	c->fn = fn;
	c->arg = arg;
	uint64_t mask = cp_sigmask_block_all();
	getcontext(&c->own);
	c->own.uc_stack.ss_sp = pages + CP_OWN_GUARD_BYTES;
	c->own.uc_stack.ss_size = size_bytes;
	c->own.uc_link = &c->back;
	makecontext(&c->own, (void (*)(void))enter, 2, (unsigned)((uintptr_t)c >> 32), (unsigned)(uintptr_t)c);
	swapcontext(&c->back, &c->own);
	cp_sigmask_restore(mask);
	int result = c->result;
	cp_pages_free(pages, CP_OWN_GUARD_BYTES + CP_OWN_STACK_BYTES);
	return result;
}
