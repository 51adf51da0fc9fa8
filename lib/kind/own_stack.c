// SPDX-License-Identifier: MIT
// Context: CTL. See own_stack.h.
//
// Programs call _exit() and exec on stacks that were made for less than writing a profile: a signal
// handler's of 8 KiB, a thread's of 16 KiB. Another thread would do it, but making one may call malloc,
// which the handler may have interrupted.
//
// No signal may come meanwhile: from a stack that it does not know, the kernel would go to the beginning of the
// alternate one, where the very handler that called us may have its frames.
//
// Not by swapcontext(): AddressSanitizer's warns of itself on the program's standard error.
#include "own_stack.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "sigsafe/pagealloc.h"
#include "sigsafe/sigmask.h"

/** At the upper end of the pages, the stack below it. */
struct call {
	int (*fn)(void *arg);
	void *arg;
	int result;
};

static void enter(struct call *c)
{
	c->result = c->fn(c->arg);
}

/** enter(c) on the stack that ends at c. */
void cp_own_stack_enter(struct call *c, void (*enter)(struct call *c));
// The frame pointer leads back to the caller's stack, for debuggers, too.
__asm__(".text\n"
	".balign 16\n"
	".hidden cp_own_stack_enter\n"
	".type cp_own_stack_enter, %function\n"
	".globl cp_own_stack_enter\n"
	"cp_own_stack_enter:\n"
	".cfi_startproc\n"
#if defined(__x86_64__)
	"endbr64\n"
	"pushq %rbp\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset %rbp, -16\n"
	"movq %rsp, %rbp\n"
	".cfi_def_cfa_register %rbp\n"
	"movq %rdi, %rsp\n"
	"callq *%rsi\n"
	"leave\n"
	".cfi_def_cfa %rsp, 8\n"
#else
	"hint #34\n" // bti c
	"stp x29, x30, [sp, -16]!\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset x29, -16\n"
	".cfi_offset x30, -8\n"
	"mov x29, sp\n"
	".cfi_def_cfa_register x29\n"
	"mov sp, x0\n"
	"blr x1\n"
	"mov sp, x29\n"
	".cfi_def_cfa_register sp\n"
	"ldp x29, x30, [sp], 16\n"
	".cfi_def_cfa_offset 0\n"
	".cfi_restore x29\n"
	".cfi_restore x30\n"
#endif
	"ret\n"
	".cfi_endproc\n"
	".size cp_own_stack_enter, . - cp_own_stack_enter\n");

int cp_own_stack_call(int (*fn)(void *arg), void *arg)
{
	char *pages = cp_pages_alloc(CP_OWN_GUARD_BYTES + CP_OWN_STACK_BYTES);
	if (!pages)
		return -ENOMEM;
	mprotect(pages, CP_OWN_GUARD_BYTES, PROT_NONE);
	size_t size_bytes = (CP_OWN_STACK_BYTES - sizeof(struct call)) & ~(size_t)63;
	struct call *c = (struct call *)(pages + CP_OWN_GUARD_BYTES + size_bytes);
	*c = (struct call){fn, arg, 0};
	uint64_t mask = cp_sigmask_block_all();
	cp_own_stack_enter(c, enter);
	cp_sigmask_restore(mask);
	int result = c->result;
	cp_pages_free(pages, CP_OWN_GUARD_BYTES + CP_OWN_STACK_BYTES);
	return result;
}
