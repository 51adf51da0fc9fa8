// SPDX-License-Identifier: MIT
// See columns.h. One pass cuts the text into lines and cells, one gives each column of each block of
// lines its width, one writes.
#include "tool/report/columns.h"

#include "base/arena.h"

enum { PADDING = 1 };

struct cell {
	struct str text;
	size_t columns;
	size_t width; // of its column, padding included
};

struct row {
	struct cell *cells;
	size_t n; // the last is no column's
};

static size_t count_columns(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

static size_t count_byte(struct str s, char c)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == c;
	return n;
}

static struct row cut_row(struct arena *a, struct str line)
{
	struct row r = {.n = count_byte(line, '\t') + 1};
	r.cells = arena_array(a, struct cell, r.n);
	for (size_t i = 0; i < r.n; i++) {
		r.cells[i].text = str_cut(&line, '\t');
		r.cells[i].columns = count_columns(r.cells[i].text);
	}
	return r;
}

// A block ends where a row lacks the column; within it the next column has blocks of its own, and they
// never reach over its ends, for a row that lacks this column lacks the next one too.
static void set_widths(struct row *rows, size_t nrows, size_t column)
{
	for (size_t i = 0; i < nrows;) {
		size_t end = i, width = 0;
		for (; end < nrows && column + 1 < rows[end].n; end++)
			if (rows[end].cells[column].columns + PADDING > width)
				width = rows[end].cells[column].columns + PADDING;
		for (; i < end; i++)
			rows[i].cells[column].width = width;
		i = end + 1;
	}
}

static void put_row(const struct row *r, struct buf *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct cell *c = &r->cells[i];
		if (c->width > c->columns)
			buf_pad(out, ' ', c->width - c->columns);
		buf_str(out, c->text);
	}
}

void columns_align_right(struct str text, struct buf *out)
{
	struct arena scratch = {0};
	size_t nrows = count_byte(text, '\n') + 1, widest = 0;
	struct row *rows = arena_array(&scratch, struct row, nrows);
	for (size_t i = 0; i < nrows; i++) {
		rows[i] = cut_row(&scratch, str_cut(&text, '\n'));
		if (rows[i].n > widest)
			widest = rows[i].n;
	}
	for (size_t column = 0; column + 1 < widest; column++)
		set_widths(rows, nrows, column);
	for (size_t i = 0; i < nrows; i++) {
		if (i)
			buf_byte(out, '\n');
		put_row(&rows[i], out);
	}
	arena_deinit(&scratch);
}
