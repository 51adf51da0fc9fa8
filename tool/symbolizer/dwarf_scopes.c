// SPDX-License-Identifier: MIT
// The addresses of one compilation unit: which function each is in, through which chain of inlined
// calls, at which line. One walk over the functions marks the addresses of each; only functions that
// have some are looked into. A scope found later lies inside those found before, so the last mark an
// address gets is its innermost scope.
#include <dwarf.h>

#include "tool/symbolizer/dwarf_lookup.h"
#include "tool/symbolizer/unit_lines.h"

enum { NO_SCOPE = 0, MAX_DEPTH = 256 };

struct scope {
	Dwarf_Die die;
	uint32_t parent; // the scope this call was inlined into; NO_SCOPE for a function
	bool described;
	struct str name;
	int64_t start_line;
	struct str call_file; // where the parent calls it
	int64_t call_line, call_column;
};

struct unit_walk {
	struct dwarf_lookup *lookup;
	struct dwarf_unit *unit;
	struct die_tree tree;
	uint32_t *scope_of; // of each pc
	uint32_t nunknown;
	bool methods_in_types; // Rust: functions stand inside the types they belong to
	struct scope *scopes;  // [0] unused
	uint32_t nscopes, scopes_cap;
	struct unit_lines lines;
};

static Dwarf_Die die_of_libdw(const struct unit_walk *w, const struct die *d)
{
	return (Dwarf_Die){.addr = (void *)d->at, .cu = w->unit->tree.cu};
}

static uint32_t add_scope(struct unit_walk *w, const struct die *d, uint32_t parent)
{
	if (w->nscopes >= w->scopes_cap) {
		uint32_t cap = w->scopes_cap ? 2 * w->scopes_cap : 64;
		w->scopes = arena_grow(w->lookup->arena, w->scopes, w->scopes_cap * sizeof *w->scopes,
				cap * sizeof *w->scopes, _Alignof(struct scope));
		w->scopes_cap = cap;
	}
	w->scopes[w->nscopes] = (struct scope){.die = die_of_libdw(w, d), .parent = parent};
	return w->nscopes++;
}

// Whether any of the pcs is in the range. With a scope, marks them.
static bool mark_range(struct unit_walk *w, uint64_t begin, uint64_t end, uint32_t scope)
{
	const struct dwarf_unit *u = w->unit;
	uint32_t i = lookup_lower_bound(u->pcs, u->n, begin), first = i;
	for (; i < u->n && u->pcs[i] < end; i++) {
		if (scope == NO_SCOPE)
			return true;
		w->nunknown -= w->scope_of[i] == NO_SCOPE;
		w->scope_of[i] = scope;
	}
	return i > first;
}

static bool mark(struct unit_walk *w, const struct die *d, uint32_t scope)
{
	if (!d->is_elsewhere)
		return mark_range(w, d->low_pc, d->high_pc, scope);
	bool any = false;
	Dwarf_Die die = die_of_libdw(w, d);
	Dwarf_Addr base, begin, end;
	for (ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &begin, &end)) > 0;)
		any |= mark_range(w, begin, end, scope);
	return any;
}

static void walk_function(struct unit_walk *w, const struct die *function);

static void walk_scopes(struct unit_walk *w, const struct die *parent_die, uint32_t parent, int depth)
{
	struct die child;
	bool more = depth <= MAX_DEPTH && die_first_child(&w->tree, parent_die, &child);
	for (; more; more = die_next_sibling(&w->tree, &child, &child)) {
		switch (child.tag) {
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
	}
}

static void walk_function(struct unit_walk *w, const struct die *function)
{
	if (!mark(w, function, NO_SCOPE))
		return;
	uint32_t scope = add_scope(w, function, NO_SCOPE);
	mark(w, function, scope);
	walk_scopes(w, function, scope, 0);
}

static bool may_hold_functions(const struct unit_walk *w, uint32_t tag)
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

static void walk_container(struct unit_walk *w, const struct die *container, int depth);

static void walk_containers(struct unit_walk *w, struct die child, int depth)
{
	for (bool more = true; more && w->nunknown > 0; more = die_next_sibling(&w->tree, &child, &child))
		if (may_hold_functions(w, child.tag))
			walk_container(w, &child, depth + 1);
}

// Functions at this level first, for most are in none of the containers, then the containers.
static void walk_container(struct unit_walk *w, const struct die *container, int depth)
{
	struct die child, first_container = {0};
	bool more = depth <= MAX_DEPTH && die_first_child(&w->tree, container, &child);
	for (; more && w->nunknown > 0; more = die_next_sibling(&w->tree, &child, &child)) {
		if (child.tag == DW_TAG_subprogram)
			walk_function(w, &child);
		else if (!first_container.at && may_hold_functions(w, child.tag))
			first_container = child;
	}
	if (first_container.at)
		walk_containers(w, first_container, depth);
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
	s->call_file = unit_lines_file(&w->lines, (uint64_t)number(&s->die, DW_AT_call_file, false));
}

static void write_frames(struct unit_walk *w, uint32_t i)
{
	uint32_t depth = 1;
	for (uint32_t s = w->scope_of[i]; s != NO_SCOPE && w->scopes[s].parent != NO_SCOPE;
			s = w->scopes[s].parent)
		depth++;
	struct frame *frames = arena_array(w->lookup->arena, struct frame, depth);
	struct frame *f = frames;
	unit_lines_find(&w->lines, i, f);
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
	struct str symbol = w->lookup->symbols[w->unit->slots[i]];
	if (symbol.len)
		f->function = symbol;
	else if (f->function.len == 0)
		f->function = w->lookup->labels[w->unit->slots[i]];
	if (f->function.len || f->file.len)
		w->lookup->frames[w->unit->slots[i]] = (struct frames){frames, depth};
}

// The bytes of libdw's DIE and all that follow in its section.
static bool open_tree(struct unit_walk *w, const struct dwarf_sections *sections, struct die *root_out)
{
	Dwarf_Die *tree = &w->unit->tree;
	struct dwarf_sections split;
	if (tree->cu != w->unit->die.cu) {
		split = dwarf_sections_of(dwarf_cu_getdwarf(tree->cu), true);
		sections = &split;
	}
	const uint8_t *at = tree->addr, *unit = at - dwarf_cuoffset(tree);
	struct reader bytes = sections->info;
	if (!bytes.at || unit < bytes.at || at >= bytes.end)
		return false;
	bytes.at = unit;
	return die_tree_open(w->lookup->arena, bytes, sections->abbrev, &w->tree) &&
			die_read(&w->tree, at, root_out) == DIE_ENTRY;
}

void dwarf_scopes_find(struct dwarf_lookup *l, struct dwarf_unit *unit, const struct dwarf_sections *sections)
{
	struct unit_walk w = {.lookup = l, .unit = unit, .nunknown = unit->n, .nscopes = 1};
	struct die root;
	w.scope_of = arena_array(l->arena, uint32_t, unit->n);
	w.methods_in_types = dwarf_srclang(&unit->die) == DW_LANG_Rust;
	unit_lines_open(&w.lines, l, unit, &sections->lines);
	if (open_tree(&w, sections, &root))
		walk_container(&w, &root, 0);
	for (uint32_t i = 0; i < unit->n; i++)
		write_frames(&w, i);
}
