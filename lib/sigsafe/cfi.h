// SPDX-License-Identifier: MIT
// Context: SIG. The unwind tables of a module (.eh_frame_hdr, .eh_frame), read lazily: nothing is built.
//
// The bytes are the program's, maybe damaged, maybe hostile: every read stays inside the segment that
// holds them, every loop moves forward.
#ifndef CPROF_SIGSAFE_CFI_H
#define CPROF_SIGSAFE_CFI_H

#include "cursor.h"
#include "modmap.h"
#include "rule.h"

/** One FDE with what its CIE says; see cfi_entry.c. */
struct cp_fde {
	uintptr_t pc_start, pc_end;
	struct cp_cursor initial; // the CIE's instructions
	struct cp_cursor program; // the FDE's
	uint64_t code_align;
	int64_t data_align;
	uint8_t pointer_encoding;
	bool is_signal_frame;
	bool has_augmentation_data;
};

/** The FDE that covers pc: 0, -ENOENT: none, -EINVAL: damaged or of a form we do not read. */
int cp_cfi_find(const struct cp_module *m, uintptr_t pc, struct cp_fde *fde_out);

/** Runs the FDE's program up to pc. 0 or -EINVAL. */
int cp_cfi_run(const struct cp_module *m, const struct cp_fde *fde, uintptr_t pc, struct cp_rule *rule_out);

/** Both: the rule of pc. */
int cp_cfi_rule(const struct cp_module *m, uintptr_t pc, struct cp_rule *rule_out);

/** A pointer as DWARF encodes it in .eh_frame. Only what compilers and linkers write: absolute or
 *  relative to itself, 2, 4 or 8 bytes. */
uintptr_t cp_cfi_pointer(struct cp_cursor *c, uint8_t encoding);

#endif
