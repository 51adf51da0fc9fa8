// SPDX-License-Identifier: MIT
// Heap profiles of jemalloc since 4.0, which pprof does not read and jeprof does:
//
//	heap_v2/524288
//	  t*: 3: 96 [5: 160]
//	  t0: 3: 96 [5: 160] name
//	@ 0x401000 0x402000
//	  t*: 1: 32 [2: 64]
//	  t0: 1: 32 [2: 64]
//
// A stack stands before the numbers of all threads together ("t*") and of each. Those of all are read: each
// thread's are unsampled by their own mean size, so that their sum is another.
#include "tool/profile/legacy_heap.h"
#include "tool/profile/procmaps.h"

enum { GROUPS = 5 };

struct dump {
	struct legacy *legacy;
	struct heap_header header;
	struct regex *totals; // of all threads
	bool has_header, has_stack;
};

static struct err *parse_totals(struct dump *d, struct str line, const struct regex_span *spans)
{
	struct legacy *l = d->legacy;
	int64_t values[4], block = 0;
	if (!d->has_header) {
		d->has_header = true;
		d->header.has_alloc = legacy_heap_has_alloc(line, spans);
		legacy_heap_set_types(l, &d->header);
		return NULL;
	}
	if (!d->has_stack)
		return err_new(l->arena, "malformed sample: %.*s: it has no stack", STR_FMT(line));
	d->has_stack = false;
	struct err *err = legacy_heap_values(l, &d->header, line, spans, values, &block);
	if (!err)
		legacy_add_sample(l, values, legacy_bytes_label(l, block));
	return err;
}

static struct err *parse_line(struct dump *d, struct str line)
{
	struct legacy *l = d->legacy;
	struct regex_span spans[GROUPS];
	if (str_has_prefix(line, STR("@"))) {
		d->has_stack = d->has_header;
		legacy_begin_stack(l);
		return err_wrap(l->arena, legacy_add_hex_frames(l, line, 1, 1), "malformed sample: %.*s",
				STR_FMT(line));
	}
	if (regex_find(d->totals, line, 0, spans, GROUPS))
		return parse_totals(d, line, spans);
	return str_has_prefix(line, STR("t")) ? NULL
			: err_new(l->arena, "malformed sample: %.*s", STR_FMT(line));
}

static bool is_own_frame(const struct profile *p, uint32_t location)
{
	uint32_t m = p->locations[location].mapping;
	return m != NO_INDEX && str_contains(profile_str(p, p->mappings[m].file), STR("/libjemalloc."));
}

// Stacks begin inside jemalloc. Its functions have no names in the libraries of distributions, so that
// drop_frames would not find them.
static void drop_own_frames(struct profile *p)
{
	for (uint32_t i = 0; i < p->nsamples; i++)
		while (p->loc_end[i] - p->loc_begin[i] > 1 && is_own_frame(p, p->locs[p->loc_begin[i]]))
			p->loc_begin[i]++;
	legacy_number_locations(p);
}

struct err *parse_legacy_jemalloc(struct legacy *l)
{
	struct textlines lines = {.rest = l->data};
	struct dump d = {.legacy = l, .header = {.is_sampled = true}};
	const struct str magic = STR("heap_v2/");
	if (!textlines_next(&lines) || !str_has_prefix(lines.line, magic) ||
			parse_int(l->arena, trim_space(str_slice(lines.line, magic.len, lines.line.len)), 10,
					&d.header.rate))
		return legacy_other(l);
	d.totals = regex_must_compile("^t\\*: *(\\d+): *(\\d+) *\\[ *(\\d+): *(\\d+)\\]");
	struct err *err = NULL;
	while (!err && textlines_next(&lines)) {
		struct str line = trim_space(lines.line);
		if (is_maps_header(line))
			break;
		if (line.len)
			err = parse_line(&d, line);
	}
	regex_free(d.totals);
	if (!err)
		err = legacy_lines_error(l, &lines);
	if (!err && !d.has_header)
		err = err_new(l->arena, "a heap profile without totals");
	if (!err)
		err = legacy_finish(l, &lines);
	if (!err)
		drop_own_frames(l->p);
	return err;
}
