// SPDX-License-Identifier: MIT
// Inside tool/symbolizer: one batch of addresses on its way through the parts that know something
// about them: symbol_names.c (symbol table), plt_names.c (stubs that have no symbols), dwarf_units.c (which compilation
// unit), dwarf_scopes.c (functions and inlined calls of one unit, and its line table).
#ifndef CPROF_TOOL_SYMBOLIZER_DWARF_LOOKUP_H
#define CPROF_TOOL_SYMBOLIZER_DWARF_LOOKUP_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "tool/symbolizer/dwarf_sections.h"
#include "tool/symbolizer/frame.h"

struct dwarf_lookup {
	struct arena *arena;
	const uint64_t *addresses; // ascending
	uint32_t n;
	struct str *symbols; // of each address: the function or variable that covers it, or empty
	struct str *labels;  // where none does: the label before it, which may reach that far
	struct frames *frames;
};

/** Fills l->symbols and l->labels. `bias` is what the module's addresses have on top of the file's. */
void symbol_names_find(struct dwarf_lookup *l, Dwfl_Module *module, GElf_Addr bias,
		bool with_variables);

/** Fills l->symbols where it is empty and the address is in a stub: "malloc@plt". elf: of the file's own addresses. */
void plt_names_find(struct dwarf_lookup *l, Elf *elf);

/** Fills l->frames where `dwarf` knows the address; `bias` is to be added to its addresses. */
void dwarf_units_find(struct dwarf_lookup *l, Dwarf *dwarf, int64_t bias);

/** A compilation unit and those of the addresses that are its. */
struct dwarf_unit {
	Dwarf_Die die;  // has the ranges and the line table
	Dwarf_Die tree; // has the functions: of a split unit, in the .dwo file
	const uint64_t *pcs;   // ascending, in the unit's own numbering
	const uint32_t *slots; // slots[i]: the index of pcs[i] in the lookup
	uint32_t n;
};

/** A unit's way through dwarf_scopes.c, in three steps. */
struct unit_walk;

/** First what only libdw knows. sections: of the file that has unit->die. */
struct unit_walk *unit_walk_new(struct dwarf_lookup *l, struct dwarf_unit *unit, const struct dwarf_sections *sections);

/** Then the work; units may be walked side by side. a: the walking thread's, to live until the walk is written. */
void unit_walk_run(struct unit_walk *w, struct arena *a);

/** At last the frames of the unit's addresses, into the lookup. */
void unit_walk_write(struct unit_walk *w);

#endif
