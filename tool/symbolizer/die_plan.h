// SPDX-License-Identifier: MIT
// How to read the DIEs of one abbreviation: steps over their attributes, those of known size taken together.
// Private to die_tree.c and die_plan.c.
#ifndef CPROF_TOOL_SYMBOLIZER_DIE_PLAN_H
#define CPROF_TOOL_SYMBOLIZER_DIE_PLAN_H

#include "tool/symbolizer/die_tree.h"

enum die_step_kind {
	STEP_SKIP,     // `bytes`
	STEP_LEB,      // skipped
	STEP_STRING,   // skipped, with its NUL
	STEP_BLOCK,    // skipped; its length is a number of `bytes`, 0: LEB128
	STEP_INDIRECT, // the form stands in the DIE; skipped
	STEP_SIBLING,   // a reference of `bytes`, 0: LEB128; as all that follow
	STEP_LOW_PC,
	STEP_HIGH_PC,
	STEP_SIZE,      // high_pc as a distance
	STEP_RANGES,    // where a list of ranges is
	STEP_ELSEWHERE, // something that leads to addresses in other sections
	STEP_ORIGIN,    // a reference inside the unit
	STEP_CALL_FILE, // of inlined calls
	STEP_CALL_LINE,
	STEP_CALL_COLUMN,
};

struct die_step {
	uint8_t kind;
	uint16_t bytes;
	bool is_constant; // the abbreviation has the value, the DIE nothing
	uint32_t offset; // where the attribute is, in a DIE of fixed size
	uint64_t constant;
};

struct die_plan {
	uint64_t code;
	uint32_t tag;
	uint32_t begin, end; // steps; of a fixed size, only to what is read
	uint32_t fixed_bytes; // what follows the code, where all attributes are of known size
	bool is_fixed, has_children;
};

/** Of all abbreviations up to the end of their table. */
bool die_plans_read(struct die_tree *t, struct reader table);

/** How to step over a form; false where it is not known. */
bool die_form_step(const struct die_tree *t, uint64_t form, struct die_step *out);

#endif
