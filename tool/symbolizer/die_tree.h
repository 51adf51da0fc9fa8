// SPDX-License-Identifier: MIT
// The tree of debugging information entries (DIEs) of one unit in .debug_info, DWARF 2 to 5, for walking over
// many of them: each is read once, by a plan made of its abbreviation, and only where it lies, what its
// siblings are and its addresses. What a DIE says is asked of libdw, by its position. Called by dwarf_scopes.c.
// Pure: bytes that may say anything in, the arena's memory out.
#ifndef CPROF_TOOL_SYMBOLIZER_DIE_TREE_H
#define CPROF_TOOL_SYMBOLIZER_DIE_TREE_H

#include "base/arena.h"
#include "format/reader.h"

struct die_plan; // of an abbreviation

struct die_tree {
	struct arena *arena;
	struct reader unit; // all of it; `at` where it begins
	unsigned version, offset_bytes, address_bytes;
	struct die_plan *plans; // ascending by code
	uint32_t nplans, plans_cap;
	struct die_step *steps; // of all plans
	uint32_t nsteps, steps_cap;
	uint64_t reads_left; // damaged siblings could make a walk of any length
};

struct die {
	const uint8_t *at, *end;        // without its children
	const uint8_t *sibling;         // NULL where it does not say
	uint64_t low_pc, high_pc, size; // what it covers; high_pc 0 where nothing
	uint64_t ranges;                // where the list of them is
	const uint8_t *origin;          // what it is an instance of; NULL where that is in no DIE of the unit
	uint64_t call_file, call_line, call_column; // of an inlined call
	uint32_t tag;
	bool has_children, has_ranges;
	bool is_elsewhere; // addresses or ranges are indexes into other sections
};

/** unit: from the header on, at least up to its end. abbreviations: the section. False where either is
 *  damaged or of a kind not known. */
bool die_tree_open(struct arena *a, struct reader unit, struct reader abbreviations, struct die_tree *out);

enum die_kind {
	DIE_BAD, // the end of the bytes, or they make no sense
	DIE_NULL, // ends a list of siblings
	DIE_ENTRY,
};

enum die_kind die_read(struct die_tree *t, const uint8_t *at, struct die *out);

/** False where there is none, or a bad one. */
bool die_first_child(struct die_tree *t, const struct die *parent, struct die *out);
bool die_next_sibling(struct die_tree *t, const struct die *d, struct die *out);

#endif
