// SPDX-License-Identifier: MIT
// Context: SIG. From the registers of an interrupted thread to its stack.
//
// Lazy: the module map finds the module of a pc, its .eh_frame_hdr the FDE, the FDE's program one
// small rule; a shared lock-free cache keeps pc -> rule. Where there is no rule, frame pointers and other
// evidence (bare.h); where they lead nowhere, a marker. Nothing is allocated, locked or loaded.
#ifndef CPROF_SIGSAFE_UNWIND_H
#define CPROF_SIGSAFE_UNWIND_H

#include "safeload.h"
#include "types.h"

/** The registers a frame is unwound from; architecture-neutral names. */
struct cp_regs {
	uintptr_t pc;
	uintptr_t sp;
	uintptr_t fp;    // rbp; x29
	uintptr_t extra; // rbx (a CFA register in a few hand-written functions); lr (x30) on aarch64
	// The kernel's array of all registers in the ucontext, NULL: only these four are known. Assembly
	// keeps the caller's stack pointer in any of them for a few instructions.
	const uintptr_t *context;
	uintptr_t alternate_low; // the end of the alternate stack that the walk itself runs on; 0: on none
};

/** What one walk met; the caller adds it to its counters. */
struct cp_unwind_result {
	uint32_t nframes;       // entries written, a marker included
	enum cp_marker marker;  // CP_MARKER_NONE: the stack is whole
	bool used_fp;           // at least one frame came from frame pointers, or a guess (bare.h)
};

/** Takes the registers from the third argument of a signal handler. Context: SIG. */
void cp_regs_from_ucontext(struct cp_regs *regs_out, const void *ucontext);

/** The registers of the function it is written in. Context: SIG. */
static inline __attribute__((always_inline)) void cp_regs_here(struct cp_regs *regs_out)
{
#if defined(__x86_64__)
	__asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2\n\tmovq %%rbx, %3"
			 : "=&r"(regs_out->pc), "=&r"(regs_out->sp), "=&r"(regs_out->fp), "=&r"(regs_out->extra));
#elif defined(__aarch64__)
	__asm__ volatile("adr %0, .\n\tmov %1, sp\n\tmov %2, x29\n\tmov %3, x30"
			 : "=&r"(regs_out->pc), "=&r"(regs_out->sp), "=&r"(regs_out->fp), "=&r"(regs_out->extra));
#endif
	regs_out->context = NULL;
	regs_out->alternate_low = 0;
}

/**
 * Writes the stack into pcs[0..max): pcs[0] = regs->pc, then return addresses (a frame interrupted by
 * a signal is stored as its pc + 1, so that "minus one" is right for every entry but the first). Ends
 * with a marker pc where the stack could not be followed to its root. max >= 2.
 * At most 1.5 KiB of its own stack are used. Context: SIG.
 */
struct cp_unwind_result cp_unwind(const struct cp_regs *regs, uintptr_t *pcs, uint32_t max);

/** The same of a copy of a stack, a closed range: regs->sp and all pointers into it point to the copy. Of the
 *  registers pc and sp alone need to be known; the others are 1 then. */
struct cp_unwind_result cp_unwind_copy(const struct cp_regs *regs, struct cp_readable copy, uintptr_t *pcs,
		uint32_t max);

/** Once, on the main thread, before the first cp_unwind(): learns where its stack ends. Needed for
 *  speed only. 0. Context: CTL. */
int cp_unwind_init(void);

#endif
