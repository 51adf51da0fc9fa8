// SPDX-License-Identifier: MIT
// What Java agents write: heapz and contentionz with "format = java", and the end of their CPU profiles.
// Instead of a memory map, a list of locations follows: "0x00000011 com.example.Foo.bar (Foo.java:12)".
#include "base/mem.h"
#include "base/path.h"
#include "tool/profile/aggregate.h"
#include "tool/profile/legacy.h"

enum { HEAP_RATE = 524288 };

struct java {
	struct legacy *l;
	struct str rest;
	bool is_heap;
};

/* The next whole line, trimmed; a last one without an end is not taken. */
static bool next_line(struct java *j, struct str *line)
{
	const char *end = j->rest.len ? memchr(j->rest.ptr, '\n', j->rest.len) : NULL;
	if (!end)
		return false;
	size_t len = (size_t)(end - j->rest.ptr);
	*line = trim_space(str_slice(j->rest, 0, len));
	j->rest = str_slice(j->rest, len + 1, j->rest.len);
	return true;
}

static struct str span(struct str s, struct regex_span at)
{
	return at.begin == REGEX_UNSET ? STR("") : str_slice(s, at.begin, at.end);
}

static struct err *set_attribute(struct java *j, struct str line, struct str key, struct str value)
{
	struct legacy *l = j->l;
	int64_t number = 0;
	struct err *err = NULL;
	if (str_eq(key, STR("format")))
		return str_eq(value, STR("java")) ? NULL : legacy_other(l);
	if (str_eq(key, STR("resolution"))) {
		const char *unit = arena_strndup(l->arena, value.ptr, value.len);
		const char *const heap[][2] = {{"inuse_objects", "count"}, {"inuse_space", unit}};
		const char *const contention[][2] = {{"contentions", "count"}, {"delay", unit}};
		legacy_set_types(l, j->is_heap ? heap : contention, 2);
	} else if (!j->is_heap && str_eq(key, STR("sampling period"))) {
		err = parse_int(l->arena, value, 0, &number);
		legacy_set_period(l, "contentions", "count", number);
	} else if (!j->is_heap && str_eq(key, STR("ms since reset"))) {
		err = parse_int(l->arena, value, 0, &number);
		l->p->duration_nanos = (int64_t)((uint64_t)number * 1000000);
	} else {
		return legacy_other(l);
	}
	return err_wrap(l->arena, err, "failed to parse attribute %.*s", STR_FMT(line));
}

static struct err *parse_header(struct java *j)
{
	struct regex *attribute = regex_must_compile("([\\w ]+)=([\\w ]+)");
	struct regex_span spans[3];
	struct err *err = NULL;
	struct str line, before = j->rest;
	while (!err && !j->l->is_other && next_line(j, &line)) {
		if (line.len && !regex_find(attribute, line, 0, spans, 3)) {
			j->rest = before;
			break;
		}
		if (line.len)
			err = set_attribute(j, line, trim_space(span(line, spans[1])),
					trim_space(span(line, spans[2])));
		before = j->rest;
	}
	regex_free(attribute);
	return err;
}

static struct err *scale_values(struct java *j, struct str line, int64_t values[2], uint32_t *labels_out)
{
	struct legacy *l = j->l;
	*labels_out = 0;
	if (j->is_heap) {
		if (!values[0])
			return err_new(l->arena, "parsing sample %.*s: second value must be non-zero",
					STR_FMT(line));
		*labels_out = legacy_bytes_label(l, values[1] / values[0]);
		legacy_unsample(&values[0], &values[1], HEAP_RATE);
	} else if (l->p->period) {
		values[0] = (int64_t)((uint64_t)values[0] * (uint64_t)l->p->period);
		values[1] = (int64_t)((uint64_t)values[1] * (uint64_t)l->p->period);
	}
	return NULL;
}

static struct err *parse_row(struct java *j, struct str line, const struct regex_span *spans)
{
	struct legacy *l = j->l;
	int64_t values[2];
	uint32_t labels;
	legacy_begin_stack(l);
	struct err *err = legacy_add_hex_frames(l, span(line, spans[3]), 0, 0);
	if (err)
		return err_wrap(l->arena, err, "malformed sample: %.*s", STR_FMT(line));
	// The count comes second here.
	err = parse_int(l->arena, span(line, spans[2]), 0, &values[0]);
	if (!err)
		err = parse_int(l->arena, span(line, spans[1]), 0, &values[1]);
	if (err)
		return err_wrap(l->arena, err, "parsing sample %.*s", STR_FMT(line));
	err = scale_values(j, line, values, &labels);
	if (!err)
		legacy_add_sample(l, values, labels);
	return err;
}

static struct err *parse_rows(struct java *j)
{
	struct regex *row = regex_must_compile(" *(\\d+) +(\\d+) +@ +([ x0-9a-f]*)");
	struct regex_span spans[4];
	struct err *err = NULL;
	struct str line, before = j->rest;
	while (!err && next_line(j, &line)) {
		if (line.len && !regex_find(row, line, 0, spans, 4)) {
			j->rest = before;
			break;
		}
		if (line.len)
			err = parse_row(j, line, spans);
		before = j->rest;
	}
	regex_free(row);
	return err;
}

// The expressions a location is told by.
struct location_syntax {
	struct regex *location, *file_line, *path;
	struct idmap function_of; // name -> function
};

static uint32_t intern_function(struct legacy *l, struct location_syntax *syntax, struct str name,
		struct str file)
{
	strid id = profile_intern(l->p, name);
	uint32_t function = idmap_get(&syntax->function_of, id);
	if (function == IDMAP_NONE) {
		function = profile_add_function(l->p, (struct function){.name = id, .system_name = id,
				.filename = profile_intern(l->p, file)});
		idmap_set(&syntax->function_of, id, function);
	}
	return function;
}

static void name_location(struct legacy *l, struct location_syntax *syntax, struct location *location,
		struct str text)
{
	struct regex_span spans[4];
	struct str name = text, file = STR("");
	int64_t number = 0;
	if (regex_find(syntax->file_line, text, 0, spans, 4)) {
		name = span(text, spans[1]);
		file = span(text, spans[2]);
		if (parse_int(l->arena, span(text, spans[3]), 10, &number) || number < 0)
			number = 0;
	} else if (regex_find(syntax->path, text, 0, spans, 3)) {
		name = span(text, spans[1]);
		file = path_base(span(text, spans[2])); // of a shared library, the name is enough
	} else if (str_contains(text, STR("generated stub/JIT"))) {
		name = STR("STUB");
	}
	struct profile *p = l->p;
	p->lines = mem_grow(p->lines, &p->lines_cap, p->nlines + 1, sizeof(*p->lines));
	p->lines[p->nlines] = (struct line){intern_function(l, syntax, name, file), number, 0};
	location->line_begin = p->nlines++;
	location->nlines = 1;
	location->address = 0;
}

static struct err *parse_locations(struct legacy *l, struct location_syntax *syntax, struct str rest)
{
	while (rest.len) {
		struct regex_span spans[3];
		struct str line = trim_space(str_cut(&rest, '\n'));
		uint64_t address;
		if (!line.len || !regex_find(syntax->location, line, 0, spans, 3))
			continue;
		struct err *err = parse_uint(l->arena, span(line, spans[1]), 16, &address);
		if (err)
			return err_wrap(l->arena, err, "parsing sample %.*s", STR_FMT(line));
		uint32_t i = idmap_get(&l->location_of, address);
		if (i != IDMAP_NONE)
			name_location(l, syntax, &l->p->locations[i], span(line, spans[2]));
	}
	return NULL;
}

struct err *java_finish(struct legacy *l, struct str locations)
{
	struct location_syntax syntax = {
			.location = regex_must_compile("^\\s*0x([[:xdigit:]]+)\\s+(.*)\\s*$"),
			.file_line = regex_must_compile("^(.*)\\s+\\((.+):(-?[[:digit:]]+)\\)$"),
			.path = regex_must_compile("^(.*)\\s+\\((.*)\\)$")};
	idmap_init(&syntax.function_of, 0);
	struct err *err = parse_locations(l, &syntax, locations);
	regex_free(syntax.location);
	regex_free(syntax.file_line);
	regex_free(syntax.path);
	idmap_deinit(&syntax.function_of);
	if (err)
		return err;
	legacy_number(l);
	// Addresses of one run of a JIT mean nothing in the next.
	struct aggregate_keep keep = {.inline_frames = true, .function = true, .filename = true, .line = true,
			.column = true};
	profile_aggregate(l->p, keep);
	return profile_check(l->p, l->arena); // here, for its error to be one of the parser's
}

struct err *parse_legacy_java(struct legacy *l)
{
	struct java j = {.l = l, .rest = l->data};
	struct str header;
	if (!next_line(&j, &header))
		return legacy_other(l);
	j.is_heap = str_eq(header, STR("--- heapz 1 ---"));
	if (!j.is_heap && !str_eq(header, STR("--- contentionz 1 ---")))
		return legacy_other(l);
	l->p->has_period_type = true;
	struct err *err = parse_header(&j);
	if (!err && !l->is_other)
		err = parse_rows(&j);
	return err || l->is_other ? err : java_finish(l, j.rest);
}
