// SPDX-License-Identifier: MIT
// Context: SIG. What unwind.c needs to know about x86-64; included by it alone. Plain rules: plain_x86_64.h.
#ifndef CPROF_SIGSAFE_UNWIND_X86_64_H
#define CPROF_SIGSAFE_UNWIND_X86_64_H

#include "altstack.h"
#include "frame.h"
#include "plain.h"
#include "unwind.h"

enum {
	UCONTEXT_GREGS = 40, // of struct ucontext; kernel ABI
	UCONTEXT_NGREGS = 17,
};

// The kernel's order: r8..r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip; by DWARF number.
static const uint8_t greg_of_dwarf[CP_DWARF_COUNT] = {13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7, 16};

static void take_gregs(struct cp_frame *f, const uintptr_t *gregs)
{
	f->pc = gregs[greg_of_dwarf[CP_DWARF_RA]];
	f->sp = gregs[greg_of_dwarf[CP_DWARF_SP]];
	f->fp = gregs[greg_of_dwarf[CP_DWARF_FP]];
	f->extra = gregs[greg_of_dwarf[CP_DWARF_EXTRA]];
	f->context = gregs;
	f->interrupted = true;
}

CP_NEAR void cp_regs_from_ucontext(struct cp_regs *regs_out, const void *ucontext)
{
	struct cp_frame f;
	take_gregs(&f, (const uintptr_t *)((const char *)ucontext + UCONTEXT_GREGS));
	*regs_out = (struct cp_regs){f.pc, f.sp, f.fp, f.extra, f.context, cp_altstack_low(ucontext)};
}

bool cp_frame_register(const struct cp_frame *f, uint8_t dwarf_reg, uintptr_t *value_out)
{
	switch (dwarf_reg) {
	case CP_DWARF_SP: *value_out = f->sp; return true;
	case CP_DWARF_FP: *value_out = f->fp; return true;
	case CP_DWARF_EXTRA: *value_out = f->extra; return true;
	case CP_DWARF_RA: *value_out = f->pc; return true;
	default:
		if (!f->context || dwarf_reg >= CP_DWARF_COUNT)
			return false;
		*value_out = f->context[greg_of_dwarf[dwarf_reg]];
		return true;
	}
}

/** A return address never stays in a register. */
static inline bool ra_in_register(const struct cp_frame *f, uintptr_t *ra_out)
{
	return false;
}

/** At the signal trampoline, sp is the address of the ucontext. */
static bool leave_signal_frame(struct cp_frame *f)
{
	uintptr_t gregs = f->sp + UCONTEXT_GREGS;
	if (gregs % WORD_BYTES || !cp_readable(&f->stack, gregs, UCONTEXT_NGREGS * WORD_BYTES))
		return false;
	take_gregs(f, (const uintptr_t *)gregs);
	return true;
}

/** `mov $15, %eax` or `%rax`, then `syscall`: sigreturn, in a libc whose tables do not say so. */
static bool is_signal_trampoline(const uint8_t *code, size_t nbytes)
{
	static const uint8_t rax[] = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05};
	static const uint8_t eax[] = {0xb8, 15, 0, 0, 0, 0x0f, 0x05};
	return (nbytes >= sizeof(rax) && !memcmp(code, rax, sizeof(rax))) ||
		(nbytes >= sizeof(eax) && !memcmp(code, eax, sizeof(eax)));
}

/** What the instruction at `code` finds pushed, its own return address included, if it belongs to a PLT stub
 *  (lld and mold give them no tables); 0: no stub. `before` bytes in front of it and `after` from it on may be read. */
static uint32_t stub_cfa_offset(const uint8_t *code, size_t before, size_t after)
{
	enum { PUSH_IMM = 0x68, JMP_REL = 0xe9, GROUP5 = 0xff, PUSH_MEM = 0x35, JMP_MEM = 0x25, ENDBR_BYTES = 4 };
	static const uint8_t endbr[ENDBR_BYTES] = {0xf3, 0x0f, 0x1e, 0xfa};
	if (after >= ENDBR_BYTES && !memcmp(code, endbr, ENDBR_BYTES)) {
		code += ENDBR_BYTES;
		after -= ENDBR_BYTES;
		before = 0;
	}
	if (after < 6)
		return 0;
	if (code[0] == GROUP5 && code[1] == JMP_MEM)
		return before >= 6 && code[-6] == GROUP5 && code[-5] == PUSH_MEM ? 24 : 8;
	if (code[0] == GROUP5 && code[1] == PUSH_MEM)
		return 16;
	if (code[0] == PUSH_IMM && code[5] == JMP_REL)
		return 8;
	return code[0] == JMP_REL && before >= 5 && code[-5] == PUSH_IMM ? 16 : 0;
}

/** The packed rule of an instruction no FDE covers, where a signal hit it. */
static uint32_t rule_of_stub(const uint8_t *code, size_t before, size_t after)
{
	uint32_t offset = stub_cfa_offset(code, before, after);
	return offset ? PACKED_SP | offset / WORD_BYTES << PACKED_CFA_SHIFT : 0;
}

/** The slot number of a register saved below the CFA, 0: it keeps its value, -1: neither. */
static int packed_slot(struct cp_place place)
{
	if (place.how == CP_PLACE_SAME)
		return 0;
	if (place.how != CP_PLACE_AT_CFA || place.offset >= 0 || place.offset % WORD_BYTES ||
		-(place.offset / WORD_BYTES) >= PACKED_SLOT_LIMIT)
		return -1;
	return -(place.offset / WORD_BYTES);
}

/** 0: does not fit. */
static uint32_t pack(const struct cp_rule *rule)
{
	if (rule->is_signal_frame)
		return PACKED_SIGNAL;
	if (rule->saved[CP_RA].how == CP_PLACE_UNDEFINED)
		return PACKED_ROOT;
	enum packed_kind kind = rule->cfa.reg == CP_DWARF_SP ? PACKED_SP :
		rule->cfa.reg == CP_DWARF_FP ? PACKED_FP : PACKED_EXTRA;
	int fp = packed_slot(rule->saved[CP_FP]), extra = packed_slot(rule->saved[CP_EXTRA]);
	bool known_base = rule->cfa.reg == CP_DWARF_SP || rule->cfa.reg == CP_DWARF_FP ||
		rule->cfa.reg == CP_DWARF_EXTRA;
	if (rule->cfa.how != CP_PLACE_REGISTER || !known_base || rule->cfa.offset < 0 ||
		rule->cfa.offset % WORD_BYTES || rule->cfa.offset / WORD_BYTES >= PACKED_CFA_LIMIT ||
		packed_slot(rule->saved[CP_RA]) != 1 || rule->saved[CP_SP].how != CP_PLACE_IS_CFA ||
		rule->saved[CP_SP].offset || fp < 0 || extra < 0)
		return 0;
	return (uint32_t)kind | (uint32_t)(rule->cfa.offset / WORD_BYTES) << PACKED_CFA_SHIFT |
		(uint32_t)fp << PACKED_FP_SHIFT | (uint32_t)extra << PACKED_EXTRA_SHIFT;
}

/** Makes the places of a plain rule readable; false: they are not. */
static bool reach_places(struct cp_frame *f, uint32_t packed)
{
	struct places at = places_of(f, packed);
	return at.cfa > f->sp && (at.extra_at == at.cfa || cp_readable(&f->stack, at.extra_at, WORD_BYTES)) &&
		(at.fp_at == at.cfa || cp_readable(&f->stack, at.fp_at, WORD_BYTES)) &&
		cp_readable(&f->stack, at.cfa - WORD_BYTES, WORD_BYTES);
}

#endif
