// SPDX-License-Identifier: MIT
// What the debug information says of functions, as libdw reads it: a function that was inlined in many
// places is asked for once. Called by dwarf_scopes.c.
#ifndef CPROF_TOOL_SYMBOLIZER_DIE_TEXT_H
#define CPROF_TOOL_SYMBOLIZER_DIE_TEXT_H

#include <elfutils/libdw.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/hashindex.h"
#include "base/str.h"

struct function_text {
	Dwarf_Die die; // has what all of its instances have in common
	bool has_name;
	struct str name; // as the linker knows it where that is said
	int64_t start_line;
};

/** Zeroed but for the arena, it is empty. */
struct function_texts {
	struct arena *arena;
	struct function_text *items;
	uint32_t n, cap;
	struct hash_index by_die;
};

void function_texts_deinit(struct function_texts *t);

/** The DIE that an inlined call, or what was compiled of an inline function, stands for; else the same. */
Dwarf_Die function_origin(Dwarf_Die *instance);

/** The index of the text of a function. */
uint32_t function_text_of(struct function_texts *t, Dwarf_Die die);

struct str function_text_name(struct function_texts *t, uint32_t text);

#endif
