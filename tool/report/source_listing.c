// SPDX-License-Identifier: MIT
// See source_listing.h.
#include "tool/report/source_listing.h"

#include <stdlib.h>

struct numbered_line {
	struct listed_line line;
	uint32_t number;
};

static int by_file_and_line(const void *x, const void *y)
{
	const struct numbered_line *a = x, *b = y;
	int c = str_cmp(a->line.file, b->line.file);
	if (c)
		return c;
	if (a->line.line != b->line.line)
		return a->line.line < b->line.line ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

static void sort_lines(struct source_listing *l)
{
	struct numbered_line *all = arena_array(l->arena, struct numbered_line, l->nlines);
	for (uint32_t i = 0; i < l->nlines; i++)
		all[i] = (struct numbered_line){l->lines[i], i};
	if (l->nlines)
		qsort(all, l->nlines, sizeof *all, by_file_and_line);
	for (uint32_t i = 0; i < l->nlines; i++)
		l->lines[i] = all[i].line;
}

struct err *source_listing_build(struct source_listing *l, struct report *r, struct arena *a)
{
	*l = (struct source_listing){.report = r, .arena = a};
	if (!source_samples_collect(l))
		return err_new(&r->profile->arena, "no matches found for regexp: %.*s",
				STR_FMT(r->options.symbol_text));
	source_code_collect(l);
	sort_lines(l);
	return NULL;
}

void source_listing_close(struct source_listing *l)
{
	source_code_close(l);
}
