// SPDX-License-Identifier: MIT
// Stacks with a count or without: Go's text profiles ("goroutine profile: total 5") and gperftools' /threadz.
#include "tool/profile/legacy.h"
#include "tool/profile/procmaps.h"

/* The first line that says something. */
static void skip_comments(struct textlines *lines)
{
	while (textlines_next(lines) && is_blank_or_comment(lines->line))
		;
}

static struct err *parse_count_row(struct legacy *l, const struct regex *row, struct str line)
{
	struct regex_span spans[3];
	int64_t count;
	if (!regex_find(row, line, 0, spans, 3) ||
			parse_int(l->arena, str_slice(line, spans[1].begin, spans[1].end), 0, &count))
		return err_new(l->arena, "malformed profile format");
	legacy_begin_stack(l);
	if (legacy_add_hex_frames(l, str_slice(line, spans[2].begin, spans[2].end), 1, 1))
		return err_new(l->arena, "malformed profile format");
	legacy_add_sample(l, &count, 0);
	return NULL;
}

static struct err *parse_count_rows(struct legacy *l, struct textlines *lines)
{
	struct regex *row = regex_must_compile("\\A(\\d+) @(( 0x[0-9a-f]+)+)\\z");
	struct err *err = NULL;
	while (!err && textlines_next(lines)) {
		if (is_blank_or_comment(lines->line))
			continue;
		if (str_has_prefix(lines->line, STR("---")))
			break;
		err = parse_count_row(l, row, lines->line);
	}
	regex_free(row);
	if (!err)
		err = legacy_lines_error(l, lines);
	return err ? err : legacy_finish(l, lines);
}

struct err *parse_legacy_count(struct legacy *l)
{
	struct textlines lines = {.rest = l->data};
	skip_comments(&lines);
	if (lines.is_too_long)
		return legacy_lines_error(l, &lines);
	struct regex *start = regex_must_compile("\\A(\\S+) profile: total \\d+\\z");
	struct regex_span spans[2];
	bool good = regex_find(start, lines.line, 0, spans, 2);
	regex_free(start);
	if (!good)
		return legacy_other(l);
	struct str name = str_slice(lines.line, spans[1].begin, spans[1].end);
	const char *kind = arena_strndup(l->arena, name.ptr, name.len);
	const char *const types[][2] = {{kind, "count"}};
	legacy_set_types(l, types, 1);
	legacy_set_period(l, kind, "count", 1);
	return parse_count_rows(l, &lines);
}

/* One thread's frames, up to the next "---". *repeats_out: it has the same stack as the one before. */
static struct err *parse_thread(struct legacy *l, struct textlines *lines, struct str *line,
		bool *repeats_out)
{
	*repeats_out = false;
	*line = STR("");
	legacy_begin_stack(l);
	while (textlines_next(lines)) {
		*line = trim_space(lines->line);
		if (!line->len)
			continue;
		if (str_has_prefix(*line, STR("---")))
			break;
		if (str_contains(*line, STR("same as previous thread"))) {
			*repeats_out = true;
			continue;
		}
		struct err *err = legacy_add_hex_frames(l, *line, 0, 1);
		if (err)
			return err_wrap(l->arena, err, "malformed sample: %.*s", STR_FMT(*line));
	}
	return legacy_lines_error(l, lines);
}

static struct err *parse_threads(struct legacy *l, struct textlines *lines, struct str line,
		const struct regex *start)
{
	struct profile *p = l->p;
	while (!is_maps_header(line) && !str_has_prefix(line, STR("---- no stack trace for"))) {
		bool repeats;
		if (!regex_match(start, line))
			return legacy_other(l);
		struct err *err = parse_thread(l, lines, &line, &repeats);
		if (err)
			return err;
		const int64_t one = 1;
		if (l->nstack && !repeats)
			legacy_add_sample(l, &one, 0);
		else if (p->nsamples)
			p->values[p->nsamples - 1]++;
	}
	struct err *err = legacy_finish(l, lines);
	if (!err)
		legacy_drop_double_leaf(l);
	return err;
}

struct err *parse_legacy_thread(struct legacy *l)
{
	static const char *const types[][2] = {{"thread", "count"}};
	struct textlines lines = {.rest = l->data};
	struct regex *header = regex_must_compile("--- threadz \\d+ ---");
	struct regex *start = regex_must_compile("--- Thread ([[:xdigit:]]+) \\(name: (.*)/(\\d+)\\) stack: ---");
	skip_comments(&lines);
	struct str line = lines.line;
	struct err *err = NULL;
	if (regex_match(header, line)) {
		while (textlines_next(&lines)) {
			line = lines.line;
			if (is_maps_header(line) || str_has_prefix(line, STR("-")))
				break;
		}
	} else if (!regex_match(start, line)) {
		err = legacy_other(l);
	}
	if (!l->is_other) {
		legacy_set_types(l, types, 1);
		legacy_set_period(l, "thread", "count", 1);
		err = parse_threads(l, &lines, line, start);
	}
	regex_free(header);
	regex_free(start);
	return err;
}
