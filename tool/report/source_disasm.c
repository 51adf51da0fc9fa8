// SPDX-License-Identifier: MIT
// -disasm: the instructions of every matching symbol that has samples, each with what it cost.
#include <stdlib.h>

#include "base/path.h"
#include "base/utf8.h"
#include "tool/binutils/disassembly.h"
#include "tool/report/cells.h"
#include "tool/report/formats.h"
#include "tool/report/source_symbols.h"

enum { SHORT_INSTRUCTION = 40 }; // columns; longer ones have their place on a line of its own

struct symbol_samples {
	const struct matched_symbol *symbol;
	const struct node **nodes; // by address
	uint32_t n;
	int64_t flat, cum;
};

struct disasm {
	struct report *report;
	struct graph *graph;
	struct arena *arena;
	struct buf name;        // of the node at hand: of all nodes together they would be large
	uint8_t *names;         // [nstrings]: of functions: 0 not asked, 1 does not match, 2 matches
	bool *files;            // [nstrings]: of mappings with a node that matches
	struct err *open_error; // the first binary that could not be read
};

static const struct node_info *info_of(const struct graph *g, const struct node *n)
{
	return &g->infos[n->info];
}

static int by_node_address(const void *x, const void *y, void *graph)
{
	const struct node *a = *(const struct node *const *)x, *b = *(const struct node *const *)y;
	uint64_t i = info_of(graph, a)->address, j = info_of(graph, b)->address;
	return i != j ? (i > j) - (i < j) : (a > b) - (a < b);
}

static bool name_matches(struct disasm *d, strid name)
{
	const struct report *r = d->report;
	if (!d->names[name])
		d->names[name] = regex_match(r->options.symbol, profile_str(r->profile, name)) ? 2 : 1;
	return d->names[name] == 2;
}

// pprof matches the name with its address before and its file behind, so that "^main$" finds nothing;
// here the name alone will do as well.
static bool node_matches(struct disasm *d, const struct node_info *info)
{
	const struct profile *p = d->report->profile;
	if (name_matches(d, info->name))
		return true;
	d->name.len = 0;
	node_info_print(d->graph, info, profile_str(p, info->name), profile_str(p, info->file), " ", &d->name);
	return regex_match(d->report->options.symbol, (struct str){d->name.ptr, d->name.len});
}

static void find_files(struct disasm *d)
{
	const struct graph *g = d->graph;
	d->names = arena_array(d->arena, uint8_t, d->report->profile->nstrings);
	d->files = arena_array(d->arena, bool, d->report->profile->nstrings);
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node_info *info = info_of(g, &g->nodes[g->selected[i]]);
		if (info->objfile && !d->files[info->objfile])
			d->files[info->objfile] = node_matches(d, info);
	}
}

static bool mapping_is_wanted(const struct disasm *d, const struct mapping *m)
{
	uint64_t address;
	bool has_address = report_symbol_address(d->report, &address) && address >= m->start && address <= m->limit;
	return has_address || d->files[m->file];
}

static struct matched_symbols find_symbols(struct disasm *d)
{
	struct matched_symbols found = {0};
	const struct profile *p = d->report->profile;
	find_files(d);
	for (uint32_t i = 0; i < p->nmappings; i++) {
		if (!mapping_is_wanted(d, &p->mappings[i]))
			continue;
		struct err *e = source_symbols_find(d->report, d->arena, &p->mappings[i], &found);
		if (e && !d->open_error)
			d->open_error = e;
	}
	return found;
}

// The file's address of a node; false where it lies in another mapping.
static bool node_address(struct disasm *d, struct objfile *f, const struct node *n, uint64_t *out)
{
	uint64_t address = info_of(d->graph, n)->address;
	return (!f->elf || (address >= f->range.start && address < f->range.limit)) &&
			!objfile_address(d->arena, f, address, out);
}

static struct symbol_samples collect_samples(struct disasm *d, const struct matched_symbol *m)
{
	struct symbol_samples s = {.symbol = m};
	s.nodes = arena_array(d->arena, const struct node *, d->graph->nselected);
	for (uint32_t i = 0; i < d->graph->nselected; i++) {
		const struct node *n = &d->graph->nodes[d->graph->selected[i]];
		uint64_t address;
		// As in pprof, the last byte does not count; no instruction begins there but a ret.
		if (!node_address(d, m->object, n, &address) || address < m->start || address >= m->end)
			continue;
		s.nodes[s.n++] = n;
		s.flat = wrap_add(s.flat, n->flat);
		s.cum = wrap_add(s.cum, n->cum);
	}
	if (s.n)
		qsort_r(s.nodes, s.n, sizeof *s.nodes, by_node_address, d->graph);
	return s;
}

static int by_name(const void *x, const void *y)
{
	const struct matched_symbol *a = ((const struct symbol_samples *)x)->symbol;
	const struct matched_symbol *b = ((const struct symbol_samples *)y)->symbol;
	int c = str_cmp(a->names[0], b->names[0]);
	return c ? c : (a->start > b->start) - (a->start < b->start);
}

static int by_flat(const void *x, const void *y)
{
	const struct symbol_samples *a = x, *b = y;
	return a->flat != b->flat ? (a->flat < b->flat) - (a->flat > b->flat) : by_name(x, y);
}

struct annotated {
	struct str function, file;
	int64_t line;
	int64_t flat, flat_div, cum, cum_div;
};

// The instruction with all samples up to the next one: some are counted in the middle of it.
static struct annotated annotate(struct disasm *d, const struct symbol_samples *s, uint32_t *next_node,
		const struct instruction *i, uint64_t next_address)
{
	const struct profile *p = d->report->profile;
	struct annotated n = {.function = i->function, .line = i->line};
	if (i->file.len)
		n.file = path_base(i->file);
	for (; *next_node < s->n; ++*next_node) {
		const struct node *node = s->nodes[*next_node];
		const struct node_info *info = info_of(d->graph, node);
		uint64_t address;
		if (!node_address(d, s->symbol->object, node, &address) || address >= next_address)
			break;
		n.flat = wrap_add(n.flat, node->flat);
		n.flat_div = wrap_add(n.flat_div, node->flat_div);
		n.cum = wrap_add(n.cum, node->cum);
		n.cum_div = wrap_add(n.cum_div, node->cum_div);
		if (info->file && n.file.len == 0)
			n.file = path_base(profile_str(p, info->file));
		if (info->line && n.line == 0)
			n.line = info->line;
		if (info->name && n.function.len == 0)
			n.function = profile_str(p, info->name);
	}
	return n;
}

static void put_instruction(const struct report *r, const struct annotated *n,
		const struct instruction *i, struct str place, struct buf *out)
{
	if (place.len && i->text.len >= SHORT_INSTRUCTION)
		buf_printf(out, "%74s;%.*s\n", "", STR_FMT(place));
	put_value_or_dot(r, mean_value(n->flat, n->flat_div), 10, out);
	buf_byte(out, ' ');
	put_value_or_dot(r, mean_value(n->cum, n->cum_div), 10, out);
	buf_printf(out, " %10lx: %.*s", i->address, STR_FMT(i->text));
	if (place.len && i->text.len < SHORT_INSTRUCTION) {
		buf_pad(out, ' ', SHORT_INSTRUCTION - utf8_columns(i->text));
		buf_printf(out, ";%.*s", STR_FMT(place));
	}
	buf_byte(out, '\n');
}

static void put_instructions(struct disasm *d, const struct symbol_samples *s,
		const struct disassembly *code, struct buf *out)
{
	struct annotated last = {0};
	uint32_t next_node = 0;
	for (size_t i = 0; i < code->n; i++) {
		struct annotated n = annotate(d, s, &next_node, &code->items[i],
				i + 1 < code->n ? code->items[i + 1].address : UINT64_MAX);
		struct buf place = {0};
		// Said only where it changes.
		if (!str_eq(n.function, last.function) || !str_eq(n.file, last.file) ||
				n.line != last.line) {
			last = n;
			if (n.function.len)
				buf_printf(&place, "%.*s ", STR_FMT(n.function));
			buf_str(&place, n.file);
			if (n.file.len && n.line)
				buf_printf(&place, ":%ld", n.line);
		}
		put_instruction(d->report, &n, &code->items[i], (struct str){place.ptr, place.len}, out);
		buf_deinit(&place);
	}
}

static struct err *put_symbol(struct disasm *d, const struct symbol_samples *s, struct buf *out)
{
	const struct report *r = d->report;
	const struct matched_symbol *m = s->symbol;
	struct disassembly code;
	struct err *e = disassemble(d->arena, r->options.object_tools, m->object->path, m->start, m->end,
			r->options.intel_syntax, &code);
	if (e)
		return e;
	buf_printf(out, "ROUTINE ======================== %.*s\n", STR_FMT(m->names[0]));
	for (uint32_t i = 1; i < m->nnames; i++)
		buf_printf(out, "    AKA ======================== %.*s\n", STR_FMT(m->names[i]));
	put_value(r, s->flat, 10, out);
	buf_byte(out, ' ');
	put_value(r, s->cum, 10, out);
	buf_cstr(out, " (flat, cum) ");
	put_percent(s->cum, r->total, out);
	buf_cstr(out, " of Total\n");
	put_instructions(d, s, &code, out);
	return NULL;
}

static struct err *no_matches(const struct disasm *d, bool have_symbols)
{
	struct arena *a = &d->report->profile->arena;
	uint64_t address;
	if (d->open_error) // else the user would look for the fault in the regexp
		return err_new(a, "no matches found for regexp %.*s (%s)",
				STR_FMT(d->report->options.symbol_text), d->open_error->message);
	if (!report_symbol_address(d->report, &address))
		return err_new(a, "no matches found for regexp %.*s", STR_FMT(d->report->options.symbol_text));
	if (!have_symbols)
		return err_new(a, "no matches found for address %#lx", address);
	return err_new(a, "address %#lx found in binary, but the corresponding symbols do not have "
			"samples in the profile", address);
}

static struct err *put_symbols(struct disasm *d, uint32_t limit, struct buf *out)
{
	struct matched_symbols found = find_symbols(d);
	struct symbol_samples *symbols = arena_array(d->arena, struct symbol_samples, found.n);
	uint32_t n = 0;
	for (uint32_t i = 0; i < found.n; i++) {
		symbols[n] = collect_samples(d, &found.items[i]);
		n += symbols[n].n > 0;
	}
	if (n == 0)
		return no_matches(d, found.n > 0);
	qsort(symbols, n, sizeof *symbols, limit == UINT32_MAX ? by_name : by_flat);
	struct err *e = NULL;
	for (uint32_t i = 0; i < n && i < limit && !e; i++)
		e = put_symbol(d, &symbols[i], out);
	return e;
}

struct err *report_write_disasm_top(struct report *r, uint32_t limit, struct buf *out)
{
	struct graph *g = report_graph(r);
	struct disasm d = {.report = r, .graph = g, .arena = &g->arena};
	buf_cstr(out, "Total: ");
	put_value(r, r->total, 0, out);
	buf_byte(out, '\n');
	struct err *e = put_symbols(&d, limit, out);
	if (e)
		e = err_new(&r->profile->arena, "%s", e->message);
	buf_deinit(&d.name);
	graph_destroy(g);
	return e;
}

struct err *report_write_disasm(struct report *r, struct buf *out)
{
	return report_write_disasm_top(r, UINT32_MAX, out);
}
