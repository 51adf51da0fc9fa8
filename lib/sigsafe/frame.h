// SPDX-License-Identifier: MIT
// Context: SIG. One frame of a walk: the registers as they were there, as far as they are known.
#ifndef CPROF_SIGSAFE_FRAME_H
#define CPROF_SIGSAFE_FRAME_H

#include "rule.h"
#include "safeload.h"

struct cp_frame {
	uintptr_t pc, sp, fp, extra;
	const uintptr_t *context; // all registers, where a signal interrupted this frame; else NULL
	bool interrupted;         // pc is the next instruction to run, no return address
	struct cp_readable stack;
};

/** The value of a register by its DWARF number; false: not known in this frame. */
bool cp_frame_register(const struct cp_frame *f, uint8_t dwarf_reg, uintptr_t *value_out);

/**
 * The value of the DWARF expression whose length stands at `block` (a cp_place's offset into `bytes`,
 * the module's segment); `cfa` (may be NULL) is on the stack when it starts. False: a form we do not
 * evaluate, or memory that cannot be read. See expr.c.
 */
struct cp_module;
bool cp_expr_value(const struct cp_module *m, int32_t block, struct cp_frame *f, const uintptr_t *cfa,
		uintptr_t *value_out);

#endif
