// SPDX-License-Identifier: MIT
// The addresses of one compilation unit: which function each is in, through which chain of inlined
// calls, at which line. One walk over the functions marks the addresses of each; only functions that
// have some are looked into. A scope found later lies inside those found before, so the last mark an
// address gets is its innermost scope.
#include <dwarf.h>
#include <pthread.h>

#include "format/lower_bound.h"
#include "tool/symbolizer/die_text.h"
#include "tool/symbolizer/dwarf_lookup.h"
#include "tool/symbolizer/range_list.h"
#include "tool/symbolizer/unit_lines.h"

enum { NO_SCOPE = 0, MAX_DEPTH = 256 };

// Of the unit's pcs: from where to where a scope's are. Only these are looked for in what is inside it.
struct span {
	uint32_t first, end;
};

struct scope {
	const uint8_t *die;
	const uint8_t *origin; // the DIE of what was inlined here, or made out of line; NULL: libdw knows
	uint32_t parent; // the scope this call was inlined into; NO_SCOPE for a function
	bool described;
	uint32_t text; // of unit_walk.texts
	uint64_t call_file, call_line, call_column; // where the parent calls it
};

struct unit_walk {
	struct dwarf_lookup *lookup;
	struct dwarf_unit *unit;
	struct arena *arena; // while it runs
	struct reader tree_bytes, abbreviations;
	struct die_tree tree;
	struct reader ranges; // the section; empty where they are left to libdw
	uint64_t base;        // of the unit's ranges
	uint32_t *scope_of;   // of each pc
	uint32_t nunknown;
	bool methods_in_types; // Rust: functions stand inside the types they belong to
	struct scope *scopes;  // [0] unused
	uint32_t nscopes, scopes_cap;
	struct unit_lines lines;
	struct function_texts texts;
};

// libdw is not made for threads.
static pthread_mutex_t libdw_lock = PTHREAD_MUTEX_INITIALIZER;

static Dwarf_Die die_of_libdw(const struct unit_walk *w, const uint8_t *at)
{
	return (Dwarf_Die){.addr = (void *)at, .cu = w->unit->tree.cu};
}

static uint32_t add_scope(struct unit_walk *w, const struct die *d, uint32_t parent)
{
	w->scopes = arena_make_room(w->arena, w->scopes, w->nscopes, &w->scopes_cap, sizeof *w->scopes);
	w->scopes[w->nscopes] = (struct scope){.die = d->at, .origin = d->origin, .parent = parent,
			.call_file = d->call_file, .call_line = d->call_line, .call_column = d->call_column};
	return w->nscopes++;
}

// Of the pcs `in`, those that are in ranges of a DIE.
struct search {
	struct span in;
	uint32_t scope; // marks them; NO_SCOPE: whether there is one is all
	struct span found;
};

static bool search_range(struct unit_walk *w, uint64_t begin, uint64_t end, struct search *s)
{
	const uint64_t *pcs = w->unit->pcs;
	uint32_t first = s->in.first + lower_bound(pcs + s->in.first, s->in.end - s->in.first, begin), i = first;
	for (; i < s->in.end && pcs[i] < end; i++) {
		if (s->scope == NO_SCOPE)
			return true;
		w->nunknown -= w->scope_of[i] == NO_SCOPE;
		w->scope_of[i] = s->scope;
	}
	if (i == first)
		return false;
	s->found.first = first < s->found.first ? first : s->found.first;
	s->found.end = i > s->found.end ? i : s->found.end;
	return true;
}

static bool search_as_libdw(struct unit_walk *w, const struct die *d, struct search *s)
{
	bool any = false;
	Dwarf_Die die = die_of_libdw(w, d->at);
	Dwarf_Addr base, begin, end;
	pthread_mutex_lock(&libdw_lock);
	for (ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &begin, &end)) > 0;)
		any |= search_range(w, begin, end, s);
	pthread_mutex_unlock(&libdw_lock);
	return any;
}

static bool search(struct unit_walk *w, const struct die *d, struct search *s)
{
	if (d->is_elsewhere || (d->has_ranges && !w->ranges.at))
		return search_as_libdw(w, d, s);
	if (!d->has_ranges || d->high_pc)
		return search_range(w, d->low_pc, d->high_pc, s);
	struct range_list list = range_list_at(w->ranges, d->ranges, w->tree.version, w->tree.address_bytes, w->base);
	bool any = false;
	uint64_t begin, end;
	while (range_list_next(&list, &begin, &end))
		any |= search_range(w, begin, end, s);
	return list.unknown ? search_as_libdw(w, d, s) : any;
}

static bool has_any(struct unit_walk *w, const struct die *d, struct span in)
{
	return search(w, d, &(struct search){in, NO_SCOPE});
}

/** Marks the pcs of a scope, and returns where they are. */
static struct span mark(struct unit_walk *w, const struct die *d, uint32_t scope, struct span in)
{
	struct search s = {in, scope, {in.end, in.first}};
	search(w, d, &s);
	return s.found;
}

static void walk_function(struct unit_walk *w, const struct die *function, int depth);

static void walk_scopes(struct unit_walk *w, const struct die *parent_die, uint32_t parent, struct span in, int depth)
{
	struct die child;
	bool more = depth <= MAX_DEPTH && die_first_child(&w->tree, parent_die, &child);
	for (; more; more = die_next_sibling(&w->tree, &child, &child)) {
		switch (child.tag) {
		case DW_TAG_inlined_subroutine:
			if (has_any(w, &child, in)) {
				uint32_t scope = add_scope(w, &child, parent);
				walk_scopes(w, &child, scope, mark(w, &child, scope, in), depth + 1);
			}
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
			if (has_any(w, &child, in))
				walk_scopes(w, &child, parent, in, depth + 1);
			break;
		case DW_TAG_subprogram: // nested
			walk_function(w, &child, depth + 1);
			break;
		default:
			break;
		}
	}
}

static void walk_function(struct unit_walk *w, const struct die *function, int depth)
{
	const struct span all = {0, w->unit->n};
	if (!has_any(w, function, all))
		return;
	uint32_t scope = add_scope(w, function, NO_SCOPE);
	walk_scopes(w, function, scope, mark(w, function, scope, all), depth);
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
			walk_function(w, &child, 0);
		else if (!first_container.at && may_hold_functions(w, child.tag))
			first_container = child;
	}
	if (first_container.at)
		walk_containers(w, first_container, depth);
}

static void describe(struct unit_walk *w, struct scope *s)
{
	if (s->described)
		return;
	s->described = true;
	Dwarf_Die die = die_of_libdw(w, s->origin ? s->origin : s->die);
	s->text = function_text_of(&w->texts, s->origin ? die : function_origin(&die));
}

// The linker's name of a function says more than DWARF's: it is mangled even where the function has internal
// linkage, has the suffix of a clone (".cold"), and is the name in public where DWARF has the alias in the
// source ("malloc", "__libc_malloc").
static struct str function_name(struct unit_walk *w, uint32_t slot, uint32_t scope)
{
	struct str name = w->lookup->symbols[slot];
	if (name.len == 0 && scope != NO_SCOPE)
		name = function_text_name(&w->texts, w->scopes[scope].text);
	return name.len ? name : w->lookup->labels[slot];
}

static void write_frames(struct unit_walk *w, uint32_t i)
{
	uint32_t depth = 1, s, slot = w->unit->slots[i];
	for (s = w->scope_of[i]; s != NO_SCOPE && w->scopes[s].parent != NO_SCOPE; s = w->scopes[s].parent)
		depth++;
	struct frame *frames = arena_array(w->lookup->arena, struct frame, depth);
	struct frame *f = frames;
	unit_lines_find(&w->lines, i, f);
	for (s = w->scope_of[i]; s != NO_SCOPE; s = w->scopes[s].parent, f++) {
		struct scope *scope = &w->scopes[s];
		describe(w, scope);
		f->start_line = w->texts.items[scope->text].start_line;
		if (scope->parent == NO_SCOPE)
			break;
		f->function = function_text_name(&w->texts, scope->text);
		f[1].file = unit_lines_file(&w->lines, scope->call_file);
		f[1].line = (int64_t)scope->call_line;
		f[1].column = (int64_t)scope->call_column;
	}
	f->function = function_name(w, slot, s);
	if (f->function.len || f->file.len)
		w->lookup->frames[slot] = (struct frames){frames, depth};
}

// The bytes of libdw's tree, from the unit's header to the end of the section.
static void find_bytes(struct unit_walk *w, const struct dwarf_sections *sections)
{
	Dwarf_Die *tree = &w->unit->tree;
	struct dwarf_sections split;
	bool is_split = tree->cu != w->unit->die.cu; // its ranges count from what is in the other file
	if (is_split) {
		split = dwarf_sections_of(dwarf_cu_getdwarf(tree->cu), true);
		sections = &split;
	}
	const uint8_t *root = tree->addr, *unit = root - dwarf_cuoffset(tree);
	struct reader info = sections->info;
	if (!info.at || unit < info.at || root >= info.end)
		return;
	w->tree_bytes = (struct reader){unit, info.end, false};
	w->abbreviations = sections->abbrev;
	Dwarf_Half version = 0;
	dwarf_cu_info(tree->cu, &version, NULL, NULL, NULL, NULL, NULL, NULL);
	if (!is_split)
		w->ranges = version >= 5 ? sections->rnglists : sections->ranges;
}

struct unit_walk *unit_walk_new(struct dwarf_lookup *l, struct dwarf_unit *unit, const struct dwarf_sections *sections)
{
	struct unit_walk *w = arena_new(l->arena, struct unit_walk);
	*w = (struct unit_walk){.lookup = l, .unit = unit, .nunknown = unit->n, .nscopes = 1,
			.texts = {.arena = l->arena}};
	w->methods_in_types = dwarf_srclang(&unit->die) == DW_LANG_Rust;
	unit_lines_open(&w->lines, l, unit, &sections->lines);
	find_bytes(w, sections);
	return w;
}

static void walk_tree(struct unit_walk *w)
{
	struct die root;
	if (!w->tree_bytes.at || !die_tree_open(w->arena, w->tree_bytes, w->abbreviations, &w->tree) ||
			die_read(&w->tree, w->unit->tree.addr, &root) != DIE_ENTRY)
		return;
	if (root.is_elsewhere)
		w->ranges = (struct reader){0};
	w->base = root.low_pc;
	walk_container(w, &root, 0);
}

void unit_walk_run(struct unit_walk *w, struct arena *a)
{
	w->arena = a;
	w->scope_of = arena_array(a, uint32_t, w->unit->n);
	unit_lines_run(&w->lines, a);
	walk_tree(w);
}

void unit_walk_write(struct unit_walk *w)
{
	for (uint32_t i = 0; i < w->unit->n; i++)
		write_frames(w, i);
	function_texts_deinit(&w->texts);
}
