// SPDX-License-Identifier: MIT
// Context: SIG. Plain rules on aarch64; included by plain.h alone.
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
#ifndef CPROF_SIGSAFE_PLAIN_AARCH64_H
#define CPROF_SIGSAFE_PLAIN_AARCH64_H

#include "frame.h"

enum {
	WORD_BYTES = 8,
	CFA_ALIGN = 16,
	ADDRESS_BITS = 48,
	PACKED_CFA_SHIFT = 3,
	PACKED_CFA_LIMIT = 1 << 13,
	PACKED_SLOT_SHIFT = 16,
	PACKED_SLOT_LIMIT = 1 << 14,
	PACKED_SAVE_SHIFT = 30,
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

/** Where apply_plain() finds the caller's return address and frame pointer; 0: in a register of this frame. */
static inline void plain_words(const struct cp_frame *f, uint32_t packed, uintptr_t *ra_at_out, uintptr_t *fp_at_out)
{
	struct places at = places_of(f, packed);
	*ra_at_out = at.save == SAVE_BOTH ? at.slot + WORD_BYTES : at.save == SAVE_RA ? at.slot : 0;
	*fp_at_out = at.save == SAVE_BOTH || at.save == SAVE_FP ? at.slot : 0;
}

#endif
