// SPDX-License-Identifier: MIT
// The addresses of one compilation unit: which function each is in, through which chain of inlined
// calls, at which line. One walk over the functions marks the addresses of each; only functions that
// have some are looked into. A scope found later lies inside those found before, so the last mark an
// address gets is its innermost scope.
#include <dwarf.h>
#include <stdlib.h>

#include "tool/symbolizer/dwarf_lookup.h"

enum { NO_SCOPE = 0, MAX_DEPTH = 256, JOINED_PATHS = 64 };

struct scope {
	Dwarf_Die die;
	uint32_t parent; // the scope this call was inlined into; NO_SCOPE for a function
	bool described;
	struct str name;
	int64_t start_line;
	struct str call_file; // where the parent calls it
	int64_t call_line, call_column;
};

struct joined_path {
	const char *file;
	struct str path;
};

struct unit_walk {
	struct dwarf_lookup *lookup;
	Dwarf_Die *unit;
	const uint64_t *pcs; // ascending
	const uint32_t *slots;
	uint32_t *scope_of; // of each pc
	uint32_t n, nunknown;
	bool methods_in_types; // Rust: functions stand inside the types they belong to
	struct scope *scopes;  // [0] unused
	uint32_t nscopes, scopes_cap;
	Dwarf_Files *files;
	size_t nfiles;
	struct joined_path joined[JOINED_PATHS]; // the last of each hash
};

static uint32_t add_scope(struct unit_walk *w, Dwarf_Die *die, uint32_t parent)
{
	if (w->nscopes >= w->scopes_cap) {
		uint32_t cap = w->scopes_cap ? 2 * w->scopes_cap : 64;
		w->scopes = arena_grow(w->lookup->arena, w->scopes, w->scopes_cap * sizeof *w->scopes,
				cap * sizeof *w->scopes, _Alignof(struct scope));
		w->scopes_cap = cap;
	}
	w->scopes[w->nscopes] = (struct scope){.die = *die, .parent = parent};
	return w->nscopes++;
}

// Whether die covers any of the pcs. With `scope`, marks them.
static bool mark(struct unit_walk *w, Dwarf_Die *die, uint32_t scope)
{
	bool any = false;
	Dwarf_Addr base, begin, end;
	for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &begin, &end)) > 0;) {
		uint32_t i = lookup_lower_bound(w->pcs, w->n, begin);
		for (; i < w->n && w->pcs[i] < end; i++) {
			any = true;
			if (scope == NO_SCOPE)
				break;
			w->nunknown -= w->scope_of[i] == NO_SCOPE;
			w->scope_of[i] = scope;
		}
	}
	return any;
}

static void walk_function(struct unit_walk *w, Dwarf_Die *function);

static void walk_scopes(struct unit_walk *w, Dwarf_Die *parent_die, uint32_t parent, int depth)
{
	Dwarf_Die child;
	if (depth > MAX_DEPTH || dwarf_child(parent_die, &child) != 0)
		return;
	do {
		switch (dwarf_tag(&child)) {
		case DW_TAG_inlined_subroutine:
			if (mark(w, &child, NO_SCOPE)) {
				uint32_t scope = add_scope(w, &child, parent);
				mark(w, &child, scope);
				walk_scopes(w, &child, scope, depth + 1);
			}
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
			if (mark(w, &child, NO_SCOPE))
				walk_scopes(w, &child, parent, depth + 1);
			break;
		case DW_TAG_subprogram: // nested
			walk_function(w, &child);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&child, &child) == 0);
}

static void walk_function(struct unit_walk *w, Dwarf_Die *function)
{
	if (!mark(w, function, NO_SCOPE))
		return;
	uint32_t scope = add_scope(w, function, NO_SCOPE);
	mark(w, function, scope);
	walk_scopes(w, function, scope, 0);
}

static bool may_hold_functions(const struct unit_walk *w, int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
		return true;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		return w->methods_in_types;
	default:
		return false;
	}
}

// Functions at this level first, for most are in none of the containers, then the containers.
static void walk_container(struct unit_walk *w, Dwarf_Die *container, int depth)
{
	Dwarf_Die child;
	for (int pass = 0; pass < 2; pass++) {
		if (depth > MAX_DEPTH || dwarf_child(container, &child) != 0)
			return;
		bool containers = false;
		do {
			int tag = dwarf_tag(&child);
			if (pass == 0 && tag == DW_TAG_subprogram)
				walk_function(w, &child);
			else if (may_hold_functions(w, tag)) {
				containers = true;
				if (pass == 1)
					walk_container(w, &child, depth + 1);
			}
		} while (w->nunknown > 0 && dwarf_siblingof(&child, &child) == 0);
		if (w->nunknown == 0 || !containers)
			return;
	}
}

static int64_t number(Dwarf_Die *die, unsigned attribute, bool integrate)
{
	Dwarf_Attribute at;
	Dwarf_Word value;
	Dwarf_Attribute *found = integrate ? dwarf_attr_integrate(die, attribute, &at)
					   : dwarf_attr(die, attribute, &at);
	return found && dwarf_formudata(found, &value) == 0 ? (int64_t)value : 0;
}

static struct str text(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute at;
	return str_from(dwarf_formstring(dwarf_attr_integrate(die, attribute, &at)));
}

// A name relative to the directory the unit was compiled in, as the packages of distributions have
// them. libdw joins the two only where that directory is absolute.
static struct str full_path(struct unit_walk *w, const char *file)
{
	if (!file || file[0] == '/')
		return str_from(file);
	struct joined_path *j = &w->joined[((uintptr_t)file >> 3) % JOINED_PATHS];
	if (j->file == file)
		return j->path;
	struct str dir = text(w->unit, DW_AT_comp_dir);
	j->file = file;
	j->path = str_from(file);
	if (dir.len && !str_has_prefix(j->path, dir))
		j->path = str_from(arena_printf(w->lookup->arena, "%.*s/%s", STR_FMT(dir), file));
	return j->path;
}

static void describe(struct unit_walk *w, struct scope *s)
{
	if (s->described)
		return;
	s->described = true;
	s->name = text(&s->die, DW_AT_linkage_name);
	if (s->name.len == 0)
		s->name = text(&s->die, DW_AT_MIPS_linkage_name);
	if (s->name.len == 0)
		s->name = text(&s->die, DW_AT_name);
	s->start_line = number(&s->die, DW_AT_decl_line, true);
	if (s->parent == NO_SCOPE)
		return;
	s->call_line = number(&s->die, DW_AT_call_line, false);
	s->call_column = number(&s->die, DW_AT_call_column, false);
	int64_t file = number(&s->die, DW_AT_call_file, false);
	if (!w->files)
		dwarf_getsrcfiles(w->unit, &w->files, &w->nfiles);
	if (w->files && (uint64_t)file < w->nfiles)
		s->call_file = full_path(w, dwarf_filesrc(w->files, (size_t)file, NULL, NULL));
}

static void read_line(struct unit_walk *w, uint64_t pc, struct frame *frame)
{
	Dwarf_Line *row = dwarf_getsrc_die(w->unit, pc);
	int line = 0, column = 0;
	if (!row)
		return;
	dwarf_lineno(row, &line);
	dwarf_linecol(row, &column);
	frame->file = full_path(w, dwarf_linesrc(row, NULL, NULL));
	frame->line = line;
	frame->column = column;
}

static void write_frames(struct unit_walk *w, uint32_t i)
{
	uint32_t depth = 1;
	for (uint32_t s = w->scope_of[i]; s != NO_SCOPE && w->scopes[s].parent != NO_SCOPE;
			s = w->scopes[s].parent)
		depth++;
	struct frame *frames = arena_array(w->lookup->arena, struct frame, depth);
	struct frame *f = frames;
	read_line(w, w->pcs[i], f);
	uint32_t s = w->scope_of[i];
	for (; s != NO_SCOPE; s = w->scopes[s].parent, f++) {
		struct scope *scope = &w->scopes[s];
		describe(w, scope);
		f->function = scope->name;
		f->start_line = scope->start_line;
		if (scope->parent == NO_SCOPE)
			break;
		f[1].file = scope->call_file;
		f[1].line = scope->call_line;
		f[1].column = scope->call_column;
	}
	// The linker's name of a function says more than DWARF's: it is mangled even where the function
	// has internal linkage, has the suffix of a clone (".cold"), and is the name in public where
	// DWARF has the alias in the source ("malloc", "__libc_malloc").
	struct str symbol = w->lookup->symbols[w->slots[i]];
	if (symbol.len)
		f->function = symbol;
	else if (f->function.len == 0)
		f->function = w->lookup->labels[w->slots[i]];
	if (f->function.len || f->file.len)
		w->lookup->frames[w->slots[i]] = (struct frames){frames, depth};
}

void dwarf_scopes_find(struct dwarf_lookup *l, Dwarf_Die *unit, Dwarf_Die *tree, const uint64_t *pcs,
		const uint32_t *slots, uint32_t n)
{
	struct unit_walk w = {.lookup = l, .unit = unit, .pcs = pcs, .slots = slots, .n = n,
			.nunknown = n, .nscopes = 1};
	w.scope_of = arena_array(l->arena, uint32_t, n);
	w.methods_in_types = dwarf_srclang(unit) == DW_LANG_Rust;
	walk_container(&w, tree, 0);
	for (uint32_t i = 0; i < n; i++)
		write_frames(&w, i);
}
