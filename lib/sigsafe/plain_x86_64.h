// SPDX-License-Identifier: MIT
// Context: SIG. Plain rules on x86-64; included by plain.h alone.
//
// A packed rule. Offsets count words of 8 bytes; what does not fit is evaluated anew each time.
//
//	 31           24 23           16 15                          3 2     0
//	+---------------+---------------+-----------------------------+-------+
//	| rbx is saved  | rbp is saved  |   CFA = base + 8 * this     | kind  |
//	| at CFA - 8 *  | at CFA - 8 *  |                             |       |
//	+---------------+---------------+-----------------------------+-------+
//	  0: not saved    0: not saved      the return address is at CFA - 8
#ifndef CPROF_SIGSAFE_PLAIN_X86_64_H
#define CPROF_SIGSAFE_PLAIN_X86_64_H

#include "frame.h"

enum {
	WORD_BYTES = 8,
	PACKED_CFA_SHIFT = 3,
	PACKED_CFA_LIMIT = 1 << 13,
	PACKED_FP_SHIFT = 16,
	PACKED_EXTRA_SHIFT = 24,
	PACKED_SLOT_LIMIT = 1 << 8,
	CFA_ALIGN = 8,
};

enum packed_kind {
	PACKED_SP = 1,
	PACKED_FP,
	PACKED_EXTRA,
	PACKED_NO_RULE, // the module has no FDE here
	PACKED_ROOT,
	PACKED_SIGNAL,
	PACKED_KIND_MASK = 7,
};

static inline uintptr_t strip_pc(uintptr_t pc)
{
	return pc;
}

static inline bool is_plain(uint32_t packed)
{
	return (packed & PACKED_KIND_MASK) - PACKED_SP <= PACKED_EXTRA - PACKED_SP;
}

struct places {
	uintptr_t cfa, fp_at, extra_at; // the CFA itself: not saved
};

static inline struct places places_of(const struct cp_frame *f, uint32_t packed)
{
	uint32_t kind = packed & PACKED_KIND_MASK;
	uintptr_t base = kind == PACKED_SP ? f->sp : kind == PACKED_FP ? f->fp : f->extra;
	uintptr_t cfa = base + (packed >> PACKED_CFA_SHIFT & (PACKED_CFA_LIMIT - 1)) * WORD_BYTES;
	return (struct places){
		.cfa = cfa,
		.fp_at = cfa - (packed >> PACKED_FP_SHIFT & (PACKED_SLOT_LIMIT - 1)) * WORD_BYTES,
		.extra_at = cfa - (packed >> PACKED_EXTRA_SHIFT) * WORD_BYTES,
	};
}

/** Applies a plain rule; false, and nothing changed: its places are outside the known stack, or make no
 *  sense. A slot below sp was popped already: the register has the value. No calls, so that the frame
 *  stays in registers. */
static inline bool apply_plain(struct cp_frame *f, uint32_t packed)
{
	struct places at = places_of(f, packed);
	uintptr_t fp = f->fp, extra = f->extra;
	if (at.cfa <= f->sp || at.cfa > f->stack.high || at.cfa - WORD_BYTES < f->stack.low || at.cfa % CFA_ALIGN)
		return false;
	if (at.extra_at != at.cfa && at.extra_at >= f->sp) {
		if (at.extra_at < f->stack.low)
			return false;
		extra = *(const uintptr_t *)at.extra_at;
	}
	if (at.fp_at != at.cfa && at.fp_at >= f->sp) {
		if (at.fp_at < f->stack.low)
			return false;
		fp = *(const uintptr_t *)at.fp_at;
	}
	f->pc = *(const uintptr_t *)(at.cfa - WORD_BYTES);
	f->sp = at.cfa;
	f->fp = fp;
	f->extra = extra;
	return true;
}

/** Where apply_plain() finds the caller's return address and frame pointer; 0: in a register of this frame. */
static inline void plain_words(const struct cp_frame *f, uint32_t packed, uintptr_t *ra_at_out, uintptr_t *fp_at_out)
{
	struct places at = places_of(f, packed);
	*ra_at_out = at.cfa - WORD_BYTES;
	*fp_at_out = at.fp_at != at.cfa && at.fp_at >= f->sp ? at.fp_at : 0;
}

#endif
