// SPDX-License-Identifier: MIT
// A source listing as HTML: per function its lines, and under each, unfolded by a click, the
// instructions with the calls that were inlined there. See source_listing.h.
#include <stdlib.h>

#include "base/path.h"
#include "tool/graph/graph.h"
#include "tool/report/cells.h"
#include "tool/report/html.h"
#include "tool/report/source_listing.h"
#include "tool/report/source_reader.h"

enum {
	MERGE_LINES = 20,  // two parts of a function nearer than this are shown as one
	EXPAND_LINES = 5,  // shown around each part
	CODE_COLUMNS = 80, // instructions are padded to this
	TAB_COLUMNS = 8,
};

struct page {
	const struct source_listing *listing;
	const struct report *report;
	struct source_reader reader;
	struct buf *out;
	bool is_whole; // of -weblist, whose script is asked by name
};

// The lines of one file, or of one of its functions: listing->lines[from .. to).
struct file_lines {
	struct str file;
	uint32_t from, to;
	int64_t flat;
};

struct function_part {
	struct str name;
	int64_t begin, end; // source lines
	int64_t flat, cum;
};

static struct str pretty_name(const struct source_listing *l, struct str name)
{
	strid id = profile_find_string(l->report->profile, name);
	bool known = id < l->nstrings && l->pretty_name[id];
	return known ? profile_str(l->report->profile, l->pretty_name[id]) : name;
}

// The parts of functions that have instructions, in line order, with their surroundings.
static uint32_t split_functions(const struct page *p, struct file_lines f, struct function_part *parts)
{
	const struct source_listing *l = p->listing;
	uint32_t n = 0;
	for (uint32_t i = f.from, next; i < f.to; i = next) {
		int64_t line = l->lines[i].line;
		struct function_part part = {pretty_name(l, l->lines[i].function), line, line + 1, 0, 0};
		for (next = i; next < f.to && l->lines[next].line == line; next++) {
			part.flat += l->instructions[l->lines[next].instruction].flat;
			part.cum += l->instructions[l->lines[next].instruction].cum;
		}
		struct function_part *last = n ? &parts[n - 1] : NULL;
		if (last && line - last->end < MERGE_LINES && str_eq(last->name, part.name)) {
			last->end = part.end;
			last->flat += part.flat;
			last->cum += part.cum;
		} else {
			parts[n++] = part;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0) { // line 0 stands for "unknown" and is not to be passed
			if (parts[0].begin > EXPAND_LINES)
				parts[0].begin -= EXPAND_LINES;
			else if (parts[0].begin > 1)
				parts[0].begin = 1;
			continue;
		}
		int64_t half_gap = (parts[i].begin - parts[i - 1].end) / 2;
		half_gap = half_gap > EXPAND_LINES ? EXPAND_LINES : half_gap;
		parts[i - 1].end += half_gap;
		parts[i].begin -= half_gap;
	}
	if (n)
		parts[n - 1].end += EXPAND_LINES;
	return n;
}

static int64_t indentation(struct str line)
{
	int64_t column = 0;
	for (size_t i = 0; i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t'); i++)
		column = line.ptr[i] == ' ' ? column + 1 : (column / TAB_COLUMNS + 1) * TAB_COLUMNS;
	return column;
}

static struct str trim(struct str s)
{
	while (s.len && (unsigned char)s.ptr[s.len - 1] <= ' ')
		s.len--;
	while (s.len && (unsigned char)s.ptr[0] <= ' ')
		s = str_slice(s, 1, s.len);
	return s;
}

// Indented, its tabs expanded, padded on the right.
static void put_code(struct page *p, int64_t indent, struct str text)
{
	struct buf line = {0};
	int64_t column = indent;
	buf_pad(&line, ' ', (size_t)indent);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		column += ((unsigned char)c & 0xc0) != 0x80;
		buf_byte(&line, c == '\t' ? ' ' : c);
		while (c == '\t' && column % TAB_COLUMNS) {
			column++;
			buf_byte(&line, ' ');
		}
	}
	if (column < CODE_COLUMNS)
		buf_pad(&line, ' ', (size_t)(CODE_COLUMNS - column));
	put_html(p->out, (struct str){line.ptr, line.len});
	buf_deinit(&line);
}

static bool same_call(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && str_eq(a->file, b->file);
}

// The k-th call from outside of those inlined at a line.
static const struct frame *call(const struct listed_line *l, uint32_t k)
{
	return &l->inlined[l->ninlined - 1 - k];
}

// The calls that differ from those above the previous instruction.
static void put_calls(struct page *p, int64_t indent, const struct listed_line *l,
		const struct listed_line *previous)
{
	for (uint32_t k = 0; k < l->ninlined; k++) {
		const struct frame *c = call(l, k);
		if (previous && k < previous->ninlined && same_call(call(previous, k), c))
			continue;
		previous = NULL;
		struct str text = {0};
		source_line(&p->reader, c->file, c->line, &text);
		buf_printf(p->out, " %8s %10s %10s %8s  <span class=inlinesrc>", "", "", "", "");
		put_code(p, indent + 4 + 4 * (int64_t)k, trim(text));
		buf_cstr(p->out, "</span> <span class=unimportant>");
		put_html(p->out, path_base(c->file));
		buf_printf(p->out, ":%ld</span>\n", c->line);
	}
}

static void put_values(struct page *p, int64_t flat, int64_t cum)
{
	buf_byte(p->out, ' ');
	put_value_or_dot(p->report, flat, 10, p->out);
	buf_byte(p->out, ' ');
	put_value_or_dot(p->report, cum, 10, p->out);
	buf_byte(p->out, ' ');
}

static void put_instruction(struct page *p, int64_t indent, const struct listed_line *l)
{
	const struct listed_instruction *i = &p->listing->instructions[l->instruction];
	buf_pad(p->out, ' ', 9);
	put_values(p, i->flat, i->cum);
	buf_printf(p->out, "%8lx: ", i->file_address);
	put_code(p, indent + 4 + 4 * (int64_t)l->ninlined, i->text);
	buf_cstr(p->out, " <span class=unimportant>");
	if (i->file.len) {
		put_html(p->out, path_base(i->file));
		buf_printf(p->out, ":%ld", i->line);
	}
	buf_cstr(p->out, "</span>\n");
}

static void put_nested(struct page *p, int64_t indent, const struct listed_line *lines, uint32_t n)
{
	const struct listed_instruction *instructions = p->listing->instructions;
	buf_cstr(p->out, "<span class=asm>");
	for (uint32_t i = 0; i < n; i++) {
		const struct listed_instruction *x = &instructions[lines[i].instruction];
		const struct listed_instruction *before = i ? &instructions[lines[i - 1].instruction] : NULL;
		if (before && x->address != before->address + before->length) {
			buf_pad(p->out, ' ', 37);
			buf_cstr(p->out, "\u22ee\n");
		}
		put_calls(p, indent, &lines[i], i ? &lines[i - 1] : NULL);
		if (x->text.len)
			put_instruction(p, indent, &lines[i]);
	}
	buf_cstr(p->out, "</span>");
}

static void put_line(struct page *p, struct str file, int64_t number, const struct listed_line *lines,
		uint32_t n)
{
	struct str text;
	bool nested = false;
	int64_t flat = 0, cum = 0;
	if (!source_line(&p->reader, file, number, &text)) {
		if (n == 0)
			return;
		text = number == 0 ? STR("<instructions with unknown line numbers>") : STR("???");
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct listed_instruction *x = &p->listing->instructions[lines[i].instruction];
		flat += x->flat;
		cum += x->cum;
		nested = nested || lines[i].ninlined || x->text.len;
	}
	buf_printf(p->out, "<span class=line> %6ld</span> <span class=%s> ", number,
			n == 0 ? "nop" : nested ? "livesrc" : "deadsrc");
	put_values(p, flat, cum);
	buf_pad(p->out, ' ', 10);
	put_html(p->out, text);
	buf_cstr(p->out, " </span>");
	if (nested)
		put_nested(p, indentation(text), lines, n);
	buf_byte(p->out, '\n');
}

static void put_function(struct page *p, struct file_lines f, const struct function_part *part)
{
	const struct listed_line *lines = p->listing->lines;
	buf_cstr(p->out, "<h2>");
	put_html(p->out, part->name);
	buf_cstr(p->out, "</h2><p class=\"filename\">");
	put_html(p->out, f.file);
	buf_cstr(p->out, p->is_whole ? "</p>\n<pre onClick=\"pprof_toggle_asm(event)\">" : "</p>\n<pre>");
	buf_cstr(p->out, "\n  Total:  ");
	put_value(p->report, part->flat, 10, p->out);
	buf_byte(p->out, ' ');
	put_value(p->report, part->cum, 10, p->out);
	buf_cstr(p->out, " (flat, cum) ");
	put_percent(part->cum, p->report->total, p->out);
	buf_byte(p->out, '\n');
	uint32_t at = f.from;
	while (at < f.to && lines[at].line < part->begin)
		at++;
	for (int64_t number = part->begin; number < part->end; number++) {
		uint32_t from = at;
		while (at < f.to && lines[at].line == number)
			at++;
		put_line(p, f.file, number, lines + from, at - from);
	}
	buf_cstr(p->out, "</pre>\n");
}

static int by_flat(const void *x, const void *y)
{
	const struct file_lines *a = x, *b = y;
	if (a->flat != b->flat)
		return a->flat > b->flat ? -1 : 1;
	return str_cmp(a->file, b->file);
}

static int by_index(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	return (a > b) - (a < b);
}

// An instruction shown under several lines of a file counts once.
static int64_t flat_of(const struct source_listing *l, struct file_lines f)
{
	uint32_t n = f.to - f.from;
	uint32_t *instructions = arena_array(l->arena, uint32_t, n);
	int64_t flat = 0;
	for (uint32_t i = 0; i < n; i++)
		instructions[i] = l->lines[f.from + i].instruction;
	qsort(instructions, n, sizeof *instructions, by_index);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || instructions[i] != instructions[i - 1])
			flat = wrap_add(flat, l->instructions[instructions[i]].flat);
	return flat;
}

struct err *source_page_write(const struct source_listing *l, uint32_t max_files, struct buf *out)
{
	struct page p = {.listing = l, .report = l->report, .out = out, .is_whole = max_files == UINT32_MAX};
	struct err *e = source_reader_init(&p.reader, l->report, l->arena);
	if (e)
		return e;
	struct file_lines *files = arena_array(l->arena, struct file_lines, l->nlines);
	uint32_t nfiles = 0;
	for (uint32_t i = 0; i < l->nlines; i++) {
		if (i == 0 || !str_eq(l->lines[i].file, l->lines[i - 1].file))
			files[nfiles++] = (struct file_lines){.file = l->lines[i].file, .from = i};
		files[nfiles - 1].to = i + 1;
	}
	if (max_files != UINT32_MAX && nfiles) {
		for (uint32_t i = 0; i < nfiles; i++)
			files[i].flat = flat_of(l, files[i]);
		qsort(files, nfiles, sizeof *files, by_flat);
	}
	struct function_part *parts = arena_array(l->arena, struct function_part, l->nlines);
	for (uint32_t i = 0; i < nfiles && i < max_files; i++) {
		uint32_t n = split_functions(&p, files[i], parts);
		for (uint32_t k = 0; k < n; k++)
			if (parts[k].cum)
				put_function(&p, files[i], &parts[k]);
	}
	return NULL;
}
