// SPDX-License-Identifier: MIT
// See tagsums.h. A label occurs once in each of the sets that have it; equal (key, value) pairs of
// different sets come together by sorting.
#include "tool/report/tagsums.h"

#include <stdlib.h>

#include "tool/graph/graph.h"
#include "tool/measurement/measurement.h"

static void add(struct tag_sums *s, struct tag_sum sum)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->items = realloc(s->items, arena_array_bytes(s->cap, sizeof(sum)));
		if (!s->items)
			arena_array_bytes(SIZE_MAX, sizeof(sum)); // ends the process, as all of tool/ does
	}
	s->items[s->n++] = sum;
}

static int by_pair(const void *left, const void *right)
{
	const struct tag_sum *l = left, *r = right;
	if (l->key != r->key)
		return l->key < r->key ? -1 : 1;
	return (l->name > r->name) - (l->name < r->name);
}

static int by_weight(const void *left, const void *right, void *arg)
{
	const struct tag_sum *l = left, *r = right;
	const struct profile *p = arg;
	int c = l->key == r->key ? 0 : str_cmp(profile_str(p, l->key), profile_str(p, r->key));
	if (c)
		return c;
	int64_t a = wrap_abs(l->value), b = wrap_abs(r->value);
	if (a != b)
		return a < b ? 1 : -1;
	return str_cmp(profile_str(p, l->name), profile_str(p, r->name));
}

static strid value_name(struct report *r, const struct label *l)
{
	if (!l->is_num)
		return l->str;
	char text[MEASUREMENT_LABEL_BYTES];
	struct str key = profile_str(r->profile, l->key);
	struct str unit = label_units_get(r->profile, &r->options.label_units, key);
	size_t len = measurement_format(text, l->num, unit, r->options.output_unit);
	return profile_intern(r->profile, (struct str){text, len});
}

static void add_sets(struct report *r, const int64_t *by_set, const bool *is_used, struct tag_sums *s)
{
	const struct profile *p = r->profile;
	for (uint32_t set = 0; set < p->nlabel_sets; set++) {
		struct label_set ls = p->label_sets[set];
		for (uint32_t i = 0; is_used[set] && i < ls.n; i++) {
			const struct label *l = &p->labels[ls.begin + i];
			add(s, (struct tag_sum){l->key, value_name(r, l), by_set[set]});
		}
	}
}

static void merge_equal(struct tag_sums *s)
{
	uint32_t n = 0;
	if (s->n)
		qsort(s->items, s->n, sizeof(s->items[0]), by_pair);
	for (uint32_t i = 0; i < s->n; i++) {
		if (n && by_pair(&s->items[n - 1], &s->items[i]) == 0)
			s->items[n - 1].value = wrap_add(s->items[n - 1].value, s->items[i].value);
		else
			s->items[n++] = s->items[i];
	}
	s->n = n;
}

struct tag_sums tag_sums_create(struct report *r)
{
	const struct profile *p = r->profile;
	struct tag_sums s = {0};
	struct arena scratch = {0};
	int64_t *by_set = arena_array(&scratch, int64_t, p->nlabel_sets);
	bool *is_used = arena_array(&scratch, bool, p->nlabel_sets);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		uint32_t set = profile_label_set(p, i);
		is_used[set] = true;
		by_set[set] = wrap_add(by_set[set], profile_values(p, i)[r->options.value_index]);
	}
	add_sets(r, by_set, is_used, &s);
	if (s.n > 1) {
		merge_equal(&s);
		qsort_r(s.items, s.n, sizeof(s.items[0]), by_weight, r->profile);
	}
	arena_deinit(&scratch);
	return s;
}

void tag_sums_destroy(struct tag_sums *s)
{
	free(s->items);
	*s = (struct tag_sums){0};
}
