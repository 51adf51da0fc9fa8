// SPDX-License-Identifier: MIT
// Context: SIG. What unwind.c needs to know about aarch64; included by it alone. Plain rules: plain_aarch64.h.
#ifndef CPROF_SIGSAFE_UNWIND_AARCH64_H
#define CPROF_SIGSAFE_UNWIND_AARCH64_H

#include "altstack.h"
#include "frame.h"
#include "plain.h"
#include "unwind.h"

enum {
	SIGNAL_FRAME_CONTEXT = 128, // siginfo lies at sp, then the ucontext
	UCONTEXT_REGISTERS = 184,   // x0 of struct ucontext; kernel ABI
	CONTEXT_SP = 31,
	CONTEXT_PC = 32,
	CONTEXT_COUNT = 33,
};

static void take_context(struct cp_frame *f, const uintptr_t *x)
{
	f->pc = x[CONTEXT_PC];
	f->sp = x[CONTEXT_SP];
	f->fp = x[CP_DWARF_FP];
	f->extra = x[CP_DWARF_RA];
	f->context = x;
	f->interrupted = true;
}

CP_NEAR void cp_regs_from_ucontext(struct cp_regs *regs_out, const void *ucontext)
{
	struct cp_frame f;
	take_context(&f, (const uintptr_t *)((const char *)ucontext + UCONTEXT_REGISTERS));
	*regs_out = (struct cp_regs){f.pc, f.sp, f.fp, f.extra, f.context, cp_altstack_low(ucontext)};
}

bool cp_frame_register(const struct cp_frame *f, uint8_t dwarf_reg, uintptr_t *value_out)
{
	switch (dwarf_reg) {
	case CP_DWARF_SP: *value_out = f->sp; return true;
	case CP_DWARF_FP: *value_out = f->fp; return true;
	case CP_DWARF_RA:
		*value_out = f->extra;
		return f->interrupted;
	default:
		if (!f->context || dwarf_reg >= CP_DWARF_COUNT)
			return false;
		*value_out = f->context[dwarf_reg];
		return true;
	}
}

/** A leaf has its return address in x30; a frame that called somebody has it on the stack. */
static inline bool ra_in_register(const struct cp_frame *f, uintptr_t *ra_out)
{
	*ra_out = f->extra;
	return f->interrupted;
}

static bool leave_signal_frame(struct cp_frame *f)
{
	uintptr_t x = f->sp + SIGNAL_FRAME_CONTEXT + UCONTEXT_REGISTERS;
	if (x % WORD_BYTES || !cp_readable(&f->stack, x, CONTEXT_COUNT * WORD_BYTES))
		return false;
	take_context(f, (const uintptr_t *)x);
	return true;
}

/** `mov x8, #139; svc #0`: rt_sigreturn. */
static bool is_signal_trampoline(const uint8_t *code, size_t nbytes)
{
	static const uint8_t sigreturn[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
	return nbytes >= sizeof(sigreturn) && !memcmp(code, sigreturn, sizeof(sigreturn));
}

/** PLT stubs push nothing, but for the first entry, which saves x16 and x30: `stp x16, x30, [sp, #-16]!`. */
static uint32_t rule_of_stub(const uint8_t *code, size_t before, size_t after)
{
	return 0;
}

/** 0: does not fit. */
static uint32_t pack(const struct cp_rule *rule)
{
	struct cp_place ra = rule->saved[CP_RA], fp = rule->saved[CP_FP];
	if (rule->is_signal_frame)
		return PACKED_SIGNAL;
	if (ra.how == CP_PLACE_UNDEFINED)
		return PACKED_ROOT;
	if (rule->cfa.how != CP_PLACE_REGISTER || (rule->cfa.reg != CP_DWARF_SP && rule->cfa.reg != CP_DWARF_FP) ||
		rule->cfa.offset < 0 || rule->cfa.offset % CFA_ALIGN ||
		rule->cfa.offset / CFA_ALIGN >= PACKED_CFA_LIMIT ||
		rule->saved[CP_SP].how != CP_PLACE_IS_CFA || rule->saved[CP_SP].offset)
		return 0;
	bool has_ra = ra.how == CP_PLACE_AT_CFA, has_fp = fp.how == CP_PLACE_AT_CFA;
	if ((!has_ra && ra.how != CP_PLACE_SAME) || (!has_fp && fp.how != CP_PLACE_SAME) ||
		(has_ra && has_fp && ra.offset != fp.offset + WORD_BYTES))
		return 0;
	int32_t slot = has_fp ? fp.offset : has_ra ? ra.offset : 0;
	if (slot > 0 || slot % WORD_BYTES || -(slot / WORD_BYTES) >= PACKED_SLOT_LIMIT)
		return 0;
	enum packed_save save = has_fp && has_ra ? SAVE_BOTH : has_ra ? SAVE_RA : has_fp ? SAVE_FP : SAVE_NONE;
	return (uint32_t)(rule->cfa.reg == CP_DWARF_SP ? PACKED_SP : PACKED_FP) |
		(uint32_t)(rule->cfa.offset / CFA_ALIGN) << PACKED_CFA_SHIFT |
		(uint32_t)(-(slot / WORD_BYTES)) << PACKED_SLOT_SHIFT | (uint32_t)save << PACKED_SAVE_SHIFT;
}

/** Makes the places of a plain rule readable; false: they are not. */
static bool reach_places(struct cp_frame *f, uint32_t packed)
{
	struct places at = places_of(f, packed);
	return at.cfa >= f->sp && (at.save == SAVE_NONE || cp_readable(&f->stack, at.slot, 2 * WORD_BYTES));
}

#endif
