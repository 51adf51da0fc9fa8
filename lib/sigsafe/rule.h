// SPDX-License-Identifier: MIT
// Context: SIG. How to get from a frame to its caller, as the unwind tables say it for one pc.
//
// CFA is DWARF's name for the caller's stack pointer: all places are given from there.
#ifndef CPROF_SIGSAFE_RULE_H
#define CPROF_SIGSAFE_RULE_H

#include "types.h"

enum cp_place_how {
	CP_PLACE_SAME,       // the register keeps its value
	CP_PLACE_UNDEFINED,  // it has none; for the return address: there is no caller
	CP_PLACE_AT_CFA,     // saved at CFA + offset
	CP_PLACE_IS_CFA,     // is CFA + offset
	CP_PLACE_REGISTER,   // is register reg + offset
	CP_PLACE_AT_EXPR,    // saved at the address an expression gives
	CP_PLACE_IS_EXPR,    // is the expression's value
};

struct cp_place {
	uint8_t how; // enum cp_place_how
	uint8_t reg; // DWARF number
	int32_t offset; // expressions: where their length stands, from cp_module.frames_start
};

// The registers a stack is walked with. On aarch64 EXTRA is not used: x30 is the RA column.
enum cp_tracked { CP_RA, CP_FP, CP_EXTRA, CP_SP, CP_TRACKED };

struct cp_rule {
	struct cp_place cfa; // REGISTER or IS_EXPR
	struct cp_place saved[CP_TRACKED];
	bool is_signal_frame; // the registers lie in a ucontext at sp
};

// DWARF's register numbers.
#if defined(__x86_64__)
enum { CP_DWARF_EXTRA = 3, CP_DWARF_FP = 6, CP_DWARF_SP = 7, CP_DWARF_RA = 16, CP_DWARF_COUNT = 17 };
#elif defined(__aarch64__)
enum { CP_DWARF_EXTRA = 255, CP_DWARF_FP = 29, CP_DWARF_RA = 30, CP_DWARF_SP = 31, CP_DWARF_COUNT = 32 };
#endif

/** The index into cp_rule.saved of a DWARF register, -1: not tracked. */
static inline int cp_tracked_index(uint64_t dwarf_reg)
{
	return dwarf_reg == CP_DWARF_RA ? CP_RA :
		dwarf_reg == CP_DWARF_FP ? CP_FP :
		dwarf_reg == CP_DWARF_EXTRA ? CP_EXTRA :
		dwarf_reg == CP_DWARF_SP ? CP_SP : -1;
}

#endif
