// SPDX-License-Identifier: MIT
// Contention profiles of gperftools and of Go's text endpoints:
//
//	--- contention:
//	cycles/second=2500000000
//	   15894 42 @ 0x401000 0x402000
#include "tool/profile/legacy.h"

struct contention {
	int64_t cycles_hz;
	bool is_done; // the attributes are over
};

/* One "key = value" line. */
static struct err *parse_attribute(struct legacy *l, struct contention *c, struct str line)
{
	struct str value = line, key = trim_space(str_cut(&value, '='));
	struct err *bad = NULL;
	int64_t number = 0;
	value = trim_space(value);
	if (str_eq(key, STR("cycles/second"))) {
		bad = parse_int(l->arena, value, 0, &c->cycles_hz);
	} else if (str_eq(key, STR("sampling period"))) {
		bad = parse_int(l->arena, value, 0, &l->p->period);
	} else if (str_eq(key, STR("ms since reset"))) {
		bad = parse_int(l->arena, value, 0, &number);
		l->p->duration_nanos = (int64_t)((uint64_t)number * 1000000);
	} else if (!str_eq(key, STR("discarded samples"))) {
		return legacy_other(l); // "format" and "resolution" are what Java writes
	}
	return bad ? legacy_other(l) : NULL;
}

static struct err *parse_attributes(struct legacy *l, struct contention *c, struct textlines *lines)
{
	struct err *err = NULL;
	while (!err && !l->is_other && textlines_next(lines)) {
		struct str line = trim_space(lines->line);
		if (is_blank_or_comment(line))
			continue;
		if (str_has_prefix(line, STR("---")) || !memchr(line.ptr, '=', line.len))
			break;
		err = parse_attribute(l, c, line);
	}
	return err ? err : legacy_lines_error(l, lines);
}

static struct err *parse_row(struct legacy *l, const struct contention *c, const struct regex *row,
		struct str line)
{
	struct regex_span spans[4];
	int64_t values[2];
	if (!regex_find(row, line, 0, spans, 4))
		return legacy_other(l);
	struct err *err = parse_int(l->arena, str_slice(line, spans[1].begin, spans[1].end), 10, &values[1]);
	if (!err)
		err = parse_int(l->arena, str_slice(line, spans[2].begin, spans[2].end), 10, &values[0]);
	if (!err && l->p->period > 0) {
		// Cycles to nanoseconds, and each sampled contention for the period it stands for.
		if (c->cycles_hz > 0)
			values[1] = (int64_t)((double)values[1] * (double)l->p->period /
					((double)c->cycles_hz / 1e9));
		values[0] = (int64_t)((uint64_t)values[0] * (uint64_t)l->p->period);
	}
	legacy_begin_stack(l);
	if (!err)
		err = legacy_add_hex_frames(l, str_slice(line, spans[3].begin, spans[3].end), 1, 1);
	if (!err)
		legacy_add_sample(l, values, 0);
	return err_wrap(l->arena, err, "malformed sample: %.*s", STR_FMT(line));
}

static struct err *parse_rows(struct legacy *l, const struct contention *c, struct textlines *lines)
{
	struct regex *row = regex_must_compile("(\\d+) *(\\d+) @([ x0-9a-f]*)");
	struct err *err = NULL;
	do {
		struct str line = trim_space(lines->line);
		if (str_has_prefix(line, STR("---")))
			break;
		if (!is_blank_or_comment(line))
			err = parse_row(l, c, row, line);
	} while (!err && !l->is_other && textlines_next(lines));
	regex_free(row);
	return err ? err : legacy_lines_error(l, lines);
}

struct err *parse_legacy_contention(struct legacy *l)
{
	static const char *const types[][2] = {{"contentions", "count"}, {"delay", "nanoseconds"}};
	struct textlines lines = {.rest = l->data};
	struct contention c = {0};
	if (!textlines_next(&lines))
		return lines.is_too_long ? legacy_lines_error(l, &lines) : legacy_other(l);
	if (!str_has_prefix(lines.line, STR("--- contentionz ")) &&
			!str_has_prefix(lines.line, STR("--- mutex:")) &&
			!str_has_prefix(lines.line, STR("--- contention:")))
		return legacy_other(l);
	legacy_set_types(l, types, 2);
	legacy_set_period(l, "contentions", "count", 1);
	struct err *err = parse_attributes(l, &c, &lines);
	if (!err && !l->is_other)
		err = parse_rows(l, &c, &lines);
	return err || l->is_other ? err : legacy_finish(l, &lines);
}
