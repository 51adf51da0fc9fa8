// SPDX-License-Identifier: MIT
// See source_symbols.h.
#include "tool/report/source_symbols.h"

#include <ctype.h>
#include <stdlib.h>

#include "tool/binutils/object_tools.h"
#include "tool/binutils/symbols.h"
#include "tool/symbolizer/demangle.h"

bool report_symbol_address(const struct report *r, uint64_t *address_out)
{
	struct str text = r->options.symbol_text;
	char copy[72] = {0};
	if (text.len == 0 || text.len >= sizeof copy || !isdigit((unsigned char)text.ptr[0]))
		return false;
	memcpy(copy, text.ptr, text.len);
	int base = 0, skip = 0;
	if (copy[0] == '0' && copy[1]) { // C knows no 0o, and not everywhere 0b
		int kind = copy[1] | 32;
		base = kind == 'b' ? 2 : kind == 'o' ? 8 : 0;
		skip = base ? 2 : 0;
	}
	char *end;
	*address_out = strtoull(copy + skip, &end, base);
	return *end == '\0' && end > copy + skip && isxdigit((unsigned char)copy[skip]);
}

struct search {
	const struct report *report;
	struct arena *arena;
	struct objfile *object;
	bool has_address;
	uint64_t address; // in the file's numbering
	struct matched_symbols *out;
};

static bool matches(const struct search *s, struct str name, struct str *shown_out)
{
	static const enum demangle_mode modes[] = {DEMANGLE_FULL, DEMANGLE_TEMPLATES, DEMANGLE_SIMPLE};
	const struct regex *re = s->report->options.symbol;
	*shown_out = name;
	if (!re || regex_match(re, name))
		return true;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (demangle(s->arena, name, modes[i], shown_out) && regex_match(re, *shown_out))
			return true;
	return false;
}

static void add(struct search *s, struct matched_symbol m)
{
	struct matched_symbols *l = s->out;
	l->items = arena_make_room(s->arena, l->items, l->n, &l->cap, sizeof m);
	l->items[l->n++] = m;
}

// Symbols at one address are one symbol with several names; it ends where the next begins.
static void match_group(struct search *s, const struct symbol *symbols, uint32_t n, uint64_t end)
{
	struct matched_symbol m = {.object = s->object, .start = symbols->address, .end = end};
	m.names = arena_array(s->arena, struct str, n);
	if (s->has_address && s->address >= m.start && s->address <= m.end) {
		for (; m.nnames < n; m.nnames++)
			m.names[m.nnames] = symbols[m.nnames].name;
		add(s, m);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (matches(s, symbols[i].name, &m.names[0])) {
			m.nnames = 1;
			add(s, m);
			return;
		}
	}
}

static struct err *list_symbols(struct search *s, struct symbol_list *out)
{
	struct object_tools *tools = s->report->options.object_tools;
	const struct tool *nm = tools ? object_tools_nm(tools) : NULL;
	return nm && nm->named ? symbols_from_nm(s->arena, tools, nm->path, s->object->path, out)
			       : symbols_from_file(s->arena, s->object->path, out);
}

struct err *source_symbols_find(const struct report *r, struct arena *a, const struct mapping *m,
		struct matched_symbols *out)
{
	const struct profile *p = r->profile;
	struct search s = {.report = r, .arena = a, .out = out};
	struct str file = profile_str(p, m->file), relative = profile_str(p, m->kernel_relocation_symbol);
	struct mapped_range range = {m->start, m->limit, m->offset,
			arena_strndup(a, relative.ptr, relative.len)};
	struct err *e = objfile_open(a, arena_strndup(a, file.ptr, file.len), &range, &s.object);
	uint64_t address;
	if (!e && report_symbol_address(r, &address) && address >= m->start && address < m->limit)
		s.has_address = !objfile_address(a, s.object, address, &s.address);
	struct symbol_list list = {0};
	if (!e)
		e = list_symbols(&s, &list);
	for (size_t i = 0, end; i < list.n && !e; i = end) {
		for (end = i + 1; end < list.n && list.items[end].address == list.items[i].address;)
			end++;
		match_group(&s, &list.items[i], (uint32_t)(end - i),
				end < list.n ? list.items[end].address - 1 : UINT64_MAX);
	}
	return e;
}
