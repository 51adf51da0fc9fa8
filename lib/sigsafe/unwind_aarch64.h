// SPDX-License-Identifier: MIT
// Context: SIG. What unwind.c needs to know about aarch64; included by it alone.
//
// A packed rule. `save` says which of x29 (frame pointer) and x30 (return address) lie at the slot.
//
//	 31 30           29            16 15                          3 2     0
//	+-----+-------------------------+-----------------------------+-------+
//	|save |  slot at CFA - 8 * this |   CFA = base + 16 * this    | kind  |
//	+-----+-------------------------+-----------------------------+-------+
//
// Return addresses may be signed (pointer authentication): the signature lies in the bits no address
// uses, so it is cut off from every one, and the tables' own record of it is not needed.
#ifndef CPROF_SIGSAFE_UNWIND_AARCH64_H
#define CPROF_SIGSAFE_UNWIND_AARCH64_H

#include "frame.h"
#include "unwind.h"

enum {
	WORD_BYTES = 8,
	CFA_ALIGN = 16,
	ADDRESS_BITS = 48,
	PACKED_CFA_SHIFT = 3,
	PACKED_CFA_LIMIT = 1 << 13,
	PACKED_SLOT_SHIFT = 16,
	PACKED_SLOT_LIMIT = 1 << 14,
	PACKED_SAVE_SHIFT = 30,
	SIGNAL_FRAME_CONTEXT = 128, // siginfo lies at sp, then the ucontext
	UCONTEXT_REGISTERS = 184,   // x0 of struct ucontext; kernel ABI
	CONTEXT_SP = 31,
	CONTEXT_PC = 32,
	CONTEXT_COUNT = 33,
};

enum packed_kind {
	PACKED_SP = 1,
	PACKED_FP,
	PACKED_NO_RULE, // the module has no FDE here
	PACKED_ROOT,
	PACKED_SIGNAL,
	PACKED_KIND_MASK = 7,
};

enum packed_save { SAVE_NONE, SAVE_BOTH /* x29, then x30 */, SAVE_RA, SAVE_FP };

static inline uintptr_t strip_pc(uintptr_t pc)
{
	return pc & (((uintptr_t)1 << ADDRESS_BITS) - 1);
}

static void take_context(struct cp_frame *f, const uintptr_t *x)
{
	f->pc = x[CONTEXT_PC];
	f->sp = x[CONTEXT_SP];
	f->fp = x[CP_DWARF_FP];
	f->extra = x[CP_DWARF_RA];
	f->context = x;
	f->interrupted = true;
}

void cp_regs_from_ucontext(struct cp_regs *regs_out, const void *ucontext)
{
	struct cp_frame f;
	take_context(&f, (const uintptr_t *)((const char *)ucontext + UCONTEXT_REGISTERS));
	*regs_out = (struct cp_regs){f.pc, f.sp, f.fp, f.extra, f.context};
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

static inline bool is_plain(uint32_t packed)
{
	return (packed & PACKED_KIND_MASK) - PACKED_SP <= PACKED_FP - PACKED_SP;
}

struct places {
	uintptr_t cfa, slot;
	enum packed_save save;
};

static inline struct places places_of(const struct cp_frame *f, uint32_t packed)
{
	uintptr_t base = (packed & PACKED_KIND_MASK) == PACKED_SP ? f->sp : f->fp;
	uintptr_t cfa = base + (packed >> PACKED_CFA_SHIFT & (PACKED_CFA_LIMIT - 1)) * CFA_ALIGN;
	uintptr_t slot = cfa - (packed >> PACKED_SLOT_SHIFT & (PACKED_SLOT_LIMIT - 1)) * WORD_BYTES;
	// A slot below sp was popped already: the registers have the values.
	return (struct places){cfa, slot, slot < f->sp ? SAVE_NONE : (enum packed_save)(packed >> PACKED_SAVE_SHIFT)};
}

/** Makes the places of a plain rule readable; false: they are not. */
static bool reach_places(struct cp_frame *f, uint32_t packed)
{
	struct places at = places_of(f, packed);
	return at.cfa >= f->sp && (at.save == SAVE_NONE || cp_readable(&f->stack, at.slot, 2 * WORD_BYTES));
}

/** Applies a plain rule; false, and nothing changed: its places are outside the known stack, or make no
 *  sense. No calls, so that the frame stays in registers. */
static inline bool apply_plain(struct cp_frame *f, uint32_t packed)
{
	struct places at = places_of(f, packed);
	bool has_ra = at.save == SAVE_BOTH || at.save == SAVE_RA;
	// Only a leaf may have pushed nothing, and keep its return address in x30.
	if (at.cfa < f->sp || at.cfa % CFA_ALIGN || (!f->interrupted && (at.cfa == f->sp || !has_ra)))
		return false;
	if (at.save == SAVE_NONE) {
		f->pc = f->extra;
		f->sp = at.cfa;
		return true;
	}
	if (at.slot < f->stack.low || at.slot > f->stack.high - 2 * WORD_BYTES)
		return false;
	const uintptr_t *slot = (const uintptr_t *)at.slot;
	f->pc = at.save == SAVE_BOTH ? slot[1] : at.save == SAVE_RA ? slot[0] : f->extra;
	f->fp = at.save == SAVE_RA ? f->fp : slot[0];
	f->sp = at.cfa;
	return true;
}

#endif
