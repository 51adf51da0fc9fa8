// SPDX-License-Identifier: MIT
// A walk over one copied stack: where it is, and how it gets to the caller. Private to tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_WALK_H
#define CPROF_TOOL_PERFDATA_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tool/perfdata/cfi.h"

enum { NREGISTERS = 33 };

// What libdw numbers as DWARF does, the kernel numbers its own way.
struct machine {
	uint32_t sp, fp, pc, nregisters;
	bool is_aarch64;
	int8_t of_kernel[NREGISTERS]; // -1: it takes no part
};

struct registers {
	uint64_t value[NREGISTERS];
	uint64_t known; // a bit a register
};

struct walk {
	const struct machine *machine;
	struct registers now;
	uint64_t stack_start, stack_bytes;
	const uint8_t *stack;
	struct cfi_tables *tables;
	struct processes *processes;
	uint32_t pid;
	bool left_copy; // something was asked of behind its end
	bool is_call;   // pc is behind a call, not where the thread was stopped or interrupted by a signal
};

static inline bool walk_has(const struct registers *r, uint64_t number)
{
	return number < NREGISTERS && r->known >> number & 1;
}

static inline void walk_set(struct registers *r, uint32_t number, uint64_t value)
{
	r->value[number] = value;
	r->known |= UINT64_C(1) << number;
}

static inline bool walk_load(struct walk *w, uint64_t address, uint64_t *word_out)
{
	uint64_t at = address - w->stack_start;
	if (at > w->stack_bytes || w->stack_bytes - at < sizeof *word_out) {
		w->left_copy |= address >= w->stack_start;
		return false;
	}
	memcpy(word_out, w->stack + at, sizeof *word_out);
	return true;
}

/** To the caller; its pc is 0 where there is none. False: the rules do not lead there. */
bool walk_by_rules(struct walk *w, Dwarf_Frame *frame);

/** The same from code in `range` that has no rules, by the look of the stack; NULL: it is of no file. */
bool walk_bare(struct walk *w, struct address_range *range);

#endif
