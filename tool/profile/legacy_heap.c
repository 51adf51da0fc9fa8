// SPDX-License-Identifier: MIT
// Heap profiles of gperftools and old Go, growth and fragmentation profiles:
//
//	heap profile: 3: 96 [ 5: 160] @ heap_v2/524288
//	   1: 32 [ 2: 64] @ 0x401000 0x402000
#include "tool/profile/legacy_heap.h"

#include "tool/profile/procmaps.h"

enum { GROUPS = 7 };

static struct str group(struct str line, const struct regex_span *spans, unsigned i)
{
	return spans[i].begin == REGEX_UNSET ? STR("") : str_slice(line, spans[i].begin, spans[i].end);
}

/* Whether an allocation number tells more than the in-use one. */
static bool tells_more(struct str alloc, struct str inuse)
{
	return !str_eq(alloc, inuse) && !str_eq(alloc, STR("0"));
}

bool legacy_heap_has_alloc(struct str line, const struct regex_span *spans)
{
	return tells_more(group(line, spans, 3), group(line, spans, 1)) ||
			tells_more(group(line, spans, 4), group(line, spans, 2));
}

static struct err *parse_header(struct legacy *l, struct str line, struct heap_header *h)
{
	struct regex *heap = regex_must_compile(
			"heap profile: *(\\d+): *(\\d+) *\\[ *(\\d+): *(\\d+) *\\] *@ *(heap[_a-z0-9]*)/?(\\d*)");
	struct regex *others = regex_must_compile(
			"heap profile: *\\d+: *\\d+ *\\[ *\\d+: *\\d+ *\\] @ (growthz?|fragmentationz?)");
	struct regex_span spans[GROUPS];
	struct err *err = NULL;
	if (regex_find(heap, line, 0, spans, GROUPS)) {
		struct str rate = group(line, spans, 6), kind = group(line, spans, 5);
		if (rate.len && parse_int(l->arena, rate, 10, &h->rate))
			err = legacy_other(l);
		h->has_alloc = legacy_heap_has_alloc(line, spans);
		h->is_sampled = true;
		if (str_eq(kind, STR("heap"))) {
			h->rate /= 2; // written as twice the rate since the days when it was a mean of two
		} else if (str_eq(kind, STR("heapprofile"))) {
			h->rate = 1;
			h->is_sampled = false;
		} else if (!str_eq(kind, STR("heapz_v2")) && !str_eq(kind, STR("heap_v2"))) {
			err = legacy_other(l);
		}
	} else if (regex_match(others, line)) {
		h->rate = 1;
	} else {
		err = legacy_other(l);
	}
	regex_free(heap);
	regex_free(others);
	return err;
}

/* One "count: size" pair, unsampled into values; *block_out: the size of one object. */
static struct err *parse_pair(struct legacy *l, const struct heap_header *h, struct str line,
		struct str count_text, struct str size_text, const char *what, int64_t values[2],
		int64_t *block_out)
{
	struct err *err = parse_int(l->arena, count_text, 10, &values[0]);
	if (!err)
		err = parse_int(l->arena, size_text, 10, &values[1]);
	if (err)
		return err_wrap(l->arena, err, "malformed sample: %.*s", STR_FMT(line));
	if (!values[0] && values[1])
		return err_new(l->arena, "%s count was 0 but %s bytes was %lld", what, what,
				(long long)values[1]);
	if (values[0]) {
		*block_out = values[0] == -1 ? (int64_t)-(uint64_t)values[1] : values[1] / values[0];
		if (h->is_sampled)
			legacy_unsample(&values[0], &values[1], h->rate);
	}
	return NULL;
}

struct err *legacy_heap_values(struct legacy *l, const struct heap_header *h, struct str line,
		const struct regex_span *spans, int64_t values_out[4], int64_t *block_out)
{
	struct err *err = NULL;
	if (h->has_alloc)
		err = parse_pair(l, h, line, group(line, spans, 3), group(line, spans, 4), "allocation",
				values_out, block_out);
	if (!err)
		err = parse_pair(l, h, line, group(line, spans, 1), group(line, spans, 2), "inuse",
				values_out + 2 * h->has_alloc, block_out);
	return err;
}

static struct err *parse_row(struct legacy *l, const struct heap_header *h, const struct regex *row,
		struct str line)
{
	struct regex_span spans[GROUPS];
	int64_t values[4], block = 0;
	if (!regex_find(row, line, 0, spans, GROUPS))
		return err_new(l->arena, "unexpected number of sample values: got 0, want 6");
	struct err *err = legacy_heap_values(l, h, line, spans, values, &block);
	legacy_begin_stack(l);
	if (!err)
		err = err_wrap(l->arena, legacy_add_hex_frames(l, group(line, spans, 5), 1, 1),
				"malformed sample: %.*s", STR_FMT(line));
	if (!err)
		legacy_add_sample(l, values, legacy_bytes_label(l, block));
	return err;
}

void legacy_heap_set_types(struct legacy *l, const struct heap_header *h)
{
	// Allocations first, for the last type is the one shown.
	static const char *const both[][2] = {{"alloc_objects", "count"}, {"alloc_space", "bytes"},
			{"inuse_objects", "count"}, {"inuse_space", "bytes"}};
	static const char *const one[][2] = {{"objects", "count"}, {"space", "bytes"}};
	legacy_set_types(l, h->has_alloc ? both : one, h->has_alloc ? 4 : 2);
	legacy_set_period(l, "space", "bytes", h->rate);
}

struct err *parse_legacy_heap(struct legacy *l)
{
	struct textlines lines = {.rest = l->data};
	struct heap_header h = {0};
	if (!textlines_next(&lines))
		return lines.is_too_long ? legacy_lines_error(l, &lines) : legacy_other(l);
	struct err *err = parse_header(l, lines.line, &h);
	if (err || l->is_other)
		return err;
	legacy_heap_set_types(l, &h);
	struct regex *row = regex_must_compile(
			"(-?\\d+): *(-?\\d+) *\\[ *(\\d+): *(\\d+) *] @([ x0-9a-f]*)");
	while (!err && textlines_next(&lines)) {
		struct str line = trim_space(lines.line);
		if (is_blank_or_comment(line))
			continue;
		if (is_maps_header(line))
			break;
		err = parse_row(l, &h, row, line);
	}
	regex_free(row);
	if (!err)
		err = legacy_lines_error(l, &lines);
	return err ? err : legacy_finish(l, &lines);
}
