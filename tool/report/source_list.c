// SPDX-License-Identifier: MIT
// -list: the source of every matching function, each line with what it cost.
#include <stdlib.h>

#include "tool/report/cells.h"
#include "tool/report/formats.h"
#include "tool/report/source_reader.h"

enum { MARGIN_LINES = 5 }; // shown before the first and after the last line with samples

// A node that matched, with what orders it.
struct place {
	struct str name, file;
	int64_t line, start_line;
	int64_t flat, cum;
};

static int by_function_file_line(const void *x, const void *y)
{
	const struct place *a = x, *b = y;
	int c = str_cmp(a->name, b->name);
	if (!c)
		c = str_cmp(a->file, b->file);
	return c ? c : (a->line > b->line) - (a->line < b->line);
}

// The places of one function in one file: [begin, end), ordered by line.
struct routine {
	const struct place *begin, *end;
};

static void sum(struct routine f, int64_t *flat_out, int64_t *cum_out)
{
	*flat_out = *cum_out = 0;
	for (const struct place *p = f.begin; p < f.end; p++) {
		*flat_out = wrap_add(*flat_out, p->flat);
		*cum_out = wrap_add(*cum_out, p->cum);
	}
}

static void put_cells(const struct report *r, int64_t flat, int64_t cum, struct buf *out)
{
	put_value_or_dot(r, flat, 10, out);
	buf_byte(out, ' ');
	put_value_or_dot(r, cum, 10, out);
}

static int64_t first_line(struct routine f)
{
	int64_t first = INT64_MAX;
	for (const struct place *p = f.begin; p < f.end; p++) {
		int64_t start = p->start_line ? p->start_line : p->line - MARGIN_LINES;
		first = start < first ? start : first;
	}
	return first < 1 ? 1 : first;
}

static void put_lines(const struct report *r, struct source_reader *reader, struct routine f,
		int64_t first, int64_t last, struct buf *out)
{
	const struct place *p = f.begin;
	while (p < f.end && p->line < 1)
		p++;
	struct str text;
	for (int64_t line = first; line <= last; line++) {
		if (!source_line(reader, f.begin->file, line, &text))
			break;
		int64_t flat = 0, cum = 0;
		for (; p < f.end && p->line <= line; p++) {
			flat = wrap_add(flat, p->line == line ? p->flat : 0);
			cum = wrap_add(cum, p->line == line ? p->cum : 0);
		}
		put_cells(r, flat, cum, out);
		buf_printf(out, " %6ld:%.*s\n", line, STR_FMT(text));
	}
}

static void put_routine(const struct report *r, struct source_reader *reader, struct routine f,
		struct buf *out)
{
	int64_t flat, cum;
	struct str unused;
	sum(f, &flat, &cum);
	buf_printf(out, "ROUTINE ======================== %.*s in %.*s\n", STR_FMT(f.begin->name),
			STR_FMT(f.begin->file));
	put_value(r, flat, 10, out);
	buf_byte(out, ' ');
	put_value(r, cum, 10, out);
	buf_cstr(out, " (flat, cum) ");
	put_percent(cum, r->total, out);
	buf_cstr(out, " of Total\n");
	int64_t first = first_line(f), last = f.end[-1].line + MARGIN_LINES;
	if (first <= last) // else no line is looked for, nor the file; but another routine may have missed it
		source_line(reader, f.begin->file, first, &unused);
	struct err *e = source_error(reader, f.begin->file);
	if (e)
		buf_printf(out, " Error: %s\n", e->message);
	else
		put_lines(r, reader, f, first, last, out);
}

// The graph of -list has no others than those that match.
static uint32_t collect(const struct report *r, const struct graph *g, struct place *places)
{
	const struct profile *p = r->profile;
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node *node = &g->nodes[g->selected[i]];
		const struct node_info *info = &g->infos[node->info];
		places[n++] = (struct place){profile_str(p, info->name), profile_str(p, info->file), info->line,
				info->start_line, node->flat, node->cum};
	}
	if (n)
		qsort(places, n, sizeof *places, by_function_file_line);
	return n;
}

static void put_function(const struct report *r, struct source_reader *reader, struct routine f,
		struct buf *out)
{
	while (f.begin < f.end && f.begin->file.len == 0)
		f.begin++;
	if (f.begin == f.end)
		buf_printf(out, "No source information for %.*s\n", STR_FMT(f.end[-1].name));
	while (f.begin < f.end) {
		struct routine in_file = {f.begin, f.begin};
		while (in_file.end < f.end && str_eq(in_file.end->file, f.begin->file))
			in_file.end++;
		put_routine(r, reader, in_file, out);
		f.begin = in_file.end;
	}
}

struct err *report_write_list(struct report *r, struct buf *out)
{
	struct graph *g = report_graph(r);
	struct arena *a = &g->arena;
	struct place *places = arena_array(a, struct place, g->nselected);
	uint32_t n = collect(r, g, places);
	struct source_reader reader;
	struct err *e = n ? source_reader_init(&reader, r, a)
			  : err_new(&r->profile->arena, "no matches found for regexp: %.*s",
					STR_FMT(r->options.symbol_text));
	if (!e) {
		buf_cstr(out, "Total: ");
		put_value(r, r->total, 0, out);
		buf_byte(out, '\n');
	}
	for (uint32_t i = 0, end; i < n && !e; i = end) {
		for (end = i + 1; end < n && str_eq(places[end].name, places[i].name);)
			end++;
		put_function(r, &reader, (struct routine){places + i, places + end}, out);
	}
	if (e)
		e = err_new(&r->profile->arena, "%s", e->message);
	graph_destroy(g);
	return e;
}
