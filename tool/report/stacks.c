// SPDX-License-Identifier: MIT
// -stacks: the stacks that hold most, largest first, each once whatever labels its samples have: a leak
// checker's report, of any profile.
//
// Two stacks are the same if they read the same. So locations are numbered by their lines of text first,
// and a stack is its sequence of those numbers.
#include <stdlib.h>

#include "base/hash.h"
#include "tool/measurement/measurement.h"
#include "tool/report/cells.h"
#include "tool/report/formats.h"

enum { INDENT = 4 };

struct entry {
	uint32_t sample; // the first that has it: its stack is all of theirs
	int64_t value, count;
};

struct listing {
	struct report *r;
	struct arena arena;
	struct str *texts;  // of each location
	uint32_t *same_as;  // the first location that reads like this one
	struct entry *entries;
	uint32_t nentries;
	int64_t total;
	struct str count_noun; // "objects" beside "inuse_space"; empty: nothing is counted beside the value
	uint32_t count_index;
};

static struct str location_text(struct listing *l, struct graph *g, uint32_t location)
{
	struct buf b = {0};
	uint32_t n;
	const uint32_t *nodes = graph_location_nodes(g, location, &n);
	for (uint32_t i = 0; i < n; i++) {
		buf_pad(&b, ' ', INDENT);
		buf_str(&b, graph_node_name(g, nodes[i]));
		buf_cstr(&b, i + 1 < n ? " (inline)\n" : "\n");
	}
	struct str text = {arena_strndup(&l->arena, b.ptr, b.len), b.len};
	buf_deinit(&b);
	return text;
}

static void number_locations(struct listing *l)
{
	struct profile *p = l->r->profile;
	struct graph *g = graph_of_frames(p);
	struct hash_index index = {0};
	l->texts = arena_array(&l->arena, struct str, p->nlocations);
	l->same_as = arena_array(&l->arena, uint32_t, p->nlocations);
	for (uint32_t i = 0; i < p->nlocations; i++) {
		struct str text = l->texts[i] = location_text(l, g, i);
		uint64_t hash = hash_bytes(text.ptr, text.len);
		struct hash_probe probe = hash_index_probe(&index, hash);
		uint32_t same;
		while ((same = hash_index_next(&probe)) != HASH_INDEX_NONE && !str_eq(l->texts[same], text))
			;
		if (same == HASH_INDEX_NONE)
			hash_index_add(&index, hash, same = i);
		l->same_as[i] = same;
	}
	hash_index_deinit(&index);
	graph_destroy(g);
}

static uint64_t hash_stack(const struct listing *l, struct stack s)
{
	uint64_t h = s.n;
	for (uint32_t i = 0; i < s.n; i++)
		h = hash_mix(h, l->same_as[stack_loc(s, i)]);
	return h;
}

static bool is_same_stack(const struct listing *l, struct stack a, struct stack b)
{
	uint32_t i = 0;
	while (a.n == b.n && i < a.n && l->same_as[stack_loc(a, i)] == l->same_as[stack_loc(b, i)])
		i++;
	return a.n == b.n && i == a.n;
}

static struct entry *entry_of(struct listing *l, struct hash_index *index, uint32_t sample)
{
	const struct profile *p = l->r->profile;
	struct stack stack = profile_stack(p, sample);
	uint64_t hash = hash_stack(l, stack);
	struct hash_probe probe = hash_index_probe(index, hash);
	for (uint32_t i; (i = hash_index_next(&probe)) != HASH_INDEX_NONE;)
		if (is_same_stack(l, profile_stack(p, l->entries[i].sample), stack))
			return &l->entries[i];
	hash_index_add(index, hash, l->nentries);
	l->entries[l->nentries] = (struct entry){.sample = sample};
	return &l->entries[l->nentries++];
}

static void add_up(struct listing *l)
{
	const struct profile *p = l->r->profile;
	const struct report_options *o = &l->r->options;
	struct hash_index index = {0};
	l->entries = arena_array(&l->arena, struct entry, p->nsamples);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		const int64_t *values = profile_values(p, i);
		if (!values[o->value_index] || profile_stack(p, i).n == 0)
			continue;
		struct entry *e = entry_of(l, &index, i);
		e->value = wrap_add(e->value, values[o->value_index]);
		e->count = wrap_add(e->count, values[l->count_index]);
		l->total = wrap_add(l->total, values[o->value_index]);
	}
	hash_index_deinit(&index);
}

static int by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int64_t vx = wrap_abs(x->value), vy = wrap_abs(y->value);
	if (vx != vy)
		return vx > vy ? -1 : 1;
	return x->sample < y->sample ? -1 : x->sample > y->sample;
}

/** The sample type in front of a size or a time counts what has it, if it is a count. */
static void find_count(struct listing *l)
{
	const struct profile *p = l->r->profile;
	uint32_t index = l->r->options.value_index;
	if (index == 0 || l->r->options.mean ||
			!str_eq(profile_str(p, p->sample_types[index - 1].unit), STR("count")) ||
			str_eq(profile_str(p, p->sample_types[index].unit), STR("count")))
		return;
	struct str rest = profile_str(p, p->sample_types[index - 1].type);
	while (rest.len)
		l->count_noun = str_cut(&rest, '_');
	l->count_index = index - 1;
}

static void put_entry(const struct listing *l, const struct entry *e, struct buf *out)
{
	const struct report *r = l->r;
	struct stack stack = profile_stack(r->profile, e->sample);
	buf_byte(out, '\n');
	report_value(r, e->value, out);
	buf_cstr(out, " (");
	put_percent_bare(e->value, r->total, out);
	buf_byte(out, ')');
	if (l->count_noun.len) {
		struct str noun = l->count_noun;
		if (e->count == 1 && noun.ptr[noun.len - 1] == 's')
			noun.len--;
		buf_printf(out, " in %lld ", (long long)e->count);
		buf_str(out, noun);
	}
	buf_byte(out, '\n');
	for (uint32_t k = 0; k < stack.n; k++)
		buf_str(out, l->texts[stack_loc(stack, k)]);
}

struct err *report_write_stacks(struct report *r, struct buf *out)
{
	struct listing l = {.r = r};
	number_locations(&l);
	find_count(&l);
	add_up(&l);
	if (l.nentries)
		qsort(l.entries, l.nentries, sizeof(l.entries[0]), by_value);
	uint32_t max = r->options.node_count > 0 ? (uint32_t)r->options.node_count : l.nentries;
	uint32_t nshown = l.nentries < max ? l.nentries : max;
	if (!r->options.compact_labels) {
		report_profile_labels(r, out);
		buf_byte(out, '\n');
	}
	buf_printf(out, "Showing %u of %u stacks; all: ", nshown, l.nentries);
	report_value(r, l.total, out);
	if (l.total != r->total) { // what percentages are of
		buf_cstr(out, ", ");
		put_percent_bare(l.total, r->total, out);
		buf_cstr(out, " of ");
		report_value(r, r->total, out);
		buf_cstr(out, " total");
	}
	buf_byte(out, '\n');
	for (uint32_t i = 0; i < nshown; i++)
		put_entry(&l, &l.entries[i], out);
	arena_deinit(&l.arena);
	return NULL;
}
