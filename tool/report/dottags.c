// SPDX-License-Identifier: MIT
// The boxes that hang from a node of a drawing: its heaviest label sets, and numeric labels gathered
// into a few ranges.
#include "tool/report/dot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool/measurement/measurement.h"
#include "tool/report/cells.h"

enum { MAX_TAGS = 4 };

static int by_size(int64_t a, int64_t b)
{
	int64_t x = wrap_abs(a), y = wrap_abs(b);
	return (x < y) - (x > y);
}

static int by_flat(const void *left, const void *right)
{
	const struct tag *l = *(const struct tag *const *)left, *r = *(const struct tag *const *)right;
	int c = by_size(l->flat, r->flat);
	return c ? c : str_cmp(l->name, r->name);
}

static int by_cum(const void *left, const void *right)
{
	const struct tag *l = *(const struct tag *const *)left, *r = *(const struct tag *const *)right;
	int c = by_size(l->cum, r->cum);
	return c ? c : by_flat(left, right);
}

// What the boxes of one node have in common.
struct boxes {
	const struct report *r;
	struct graph *g;
	struct buf *out;
	bool flat; // count flat: an inner node; a leaf also shows what was below it
	const struct tag **nums; // the node's numeric tags
	uint32_t nnums;
	bool any;
};

static void sort_tags(const struct boxes *b, const struct tag **tags, uint32_t n)
{
	if (n)
		qsort(tags, n, sizeof(tags[0]), b->flat ? by_flat : by_cum);
}

static double distance(const struct tag *t, const struct tag *from)
{
	struct str unit;
	return fabs(measurement_scale(from->value, from->unit, t->unit, &unit) - (double)t->value);
}

static int64_t value_in_unit_of(const struct tag *t, const struct tag *other)
{
	struct str unit;
	return int64_of_double(measurement_scale(t->value, t->unit, other->unit, &unit));
}

// Several numbers as one tag: "1MB..3MB".
struct range {
	const struct tag *first; // the heaviest, which draws the near ones to it
	const struct tag *min, *max;
	struct tag sum;
	uint32_t n;
};

static void range_add(struct range *g, const struct tag *t)
{
	if (!g->n++)
		g->first = g->min = g->max = t;
	if (value_in_unit_of(t, g->min) < g->min->value)
		g->min = t;
	if (value_in_unit_of(t, g->max) > g->max->value)
		g->max = t;
	g->sum.flat = wrap_add(g->sum.flat, t->flat);
	g->sum.flat_div = wrap_add(g->sum.flat_div, t->flat_div);
	g->sum.cum = wrap_add(g->sum.cum, t->cum);
	g->sum.cum_div = wrap_add(g->sum.cum_div, t->cum_div);
}

static struct tag range_tag(const struct boxes *b, const struct range *g)
{
	struct arena *a = &b->g->arena;
	struct tag t = {
		.flat = mean_value(g->sum.flat, g->sum.flat_div),
		.cum = mean_value(g->sum.cum, g->sum.cum_div),
		.name = measurement_label(a, g->min->value, g->min->unit),
	};
	if (g->n > 1) {
		struct str max = measurement_label(a, g->max->value, g->max->unit);
		t.name = str_from(arena_printf(a, "%.*s..%.*s", STR_FMT(t.name), STR_FMT(max)));
	}
	return t;
}

// At most MAX_TAGS of them: the heaviest, each with the others that are nearest to it.
static uint32_t collapse(const struct boxes *b, const struct tag **tags, uint32_t n,
		struct tag collapsed[MAX_TAGS])
{
	struct range ranges[MAX_TAGS] = {0};
	for (uint32_t i = 0; i < n; i++) {
		uint32_t nearest = i;
		for (uint32_t k = 0; i >= MAX_TAGS && k < MAX_TAGS; k++)
			if (!k || distance(tags[i], ranges[k].first) <
					distance(tags[i], ranges[nearest].first))
				nearest = k;
		range_add(&ranges[nearest], tags[i]);
	}
	for (uint32_t k = 0; k < MAX_TAGS; k++)
		collapsed[k] = range_tag(b, &ranges[k]);
	return MAX_TAGS;
}

// `source` is the box or node they hang from.
static void put_box(struct boxes *b, const char *source, const char *name, struct str label,
		int64_t v, const char *style)
{
	struct buf value = {0}, *out = b->out;
	put_value(b->r, v, 0, &value);
	buf_printf(out, "%s [label = \"%.*s\" id=\"%s\" fontsize=8 shape=box3d tooltip=\"%.*s\"]\n",
			name, STR_FMT(label), name, (int)value.len, value.ptr);
	buf_printf(out, "%s -> %s [label=\" %.*s\" weight=100 tooltip=\"%.*s\" labeltooltip=\"%.*s\"%s]\n",
			source, name, (int)value.len, value.ptr, (int)value.len, value.ptr,
			(int)value.len, value.ptr, style);
	buf_deinit(&value);
	b->any = true;
}

static void put_numbers(struct boxes *b, strid set, const char *source)
{
	struct arena *a = &b->g->arena;
	const struct tag **tags = arena_array(a, const struct tag *, b->nnums);
	struct tag collapsed[MAX_TAGS];
	const struct tag *shown[MAX_TAGS];
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->nnums; i++)
		if (b->nums[i]->set == set)
			tags[n++] = b->nums[i];
	sort_tags(b, tags, n);
	if (n > MAX_TAGS) {
		n = collapse(b, tags, n, collapsed);
		for (uint32_t i = 0; i < n; i++)
			shown[i] = &collapsed[i];
		sort_tags(b, shown, n);
		tags = shown;
	}
	for (uint32_t i = 0; i < n; i++) {
		char name[64];
		int64_t flat = mean_value(tags[i]->flat, tags[i]->flat_div);
		int64_t cum = mean_value(tags[i]->cum, tags[i]->cum_div);
		bool is_flat = b->flat || flat == cum;
		snprintf(name, sizeof(name), "N%s_%u", source, i);
		if (is_flat ? flat : cum)
			put_box(b, source, name, tags[i]->name, is_flat ? flat : cum,
					is_flat ? "" : " style=\"dotted\"");
	}
}

static bool has_callees(const struct graph *g, uint32_t node)
{
	for (uint32_t i = g->out_begin[node]; i < g->out_begin[node + 1]; i++)
		if (!g->edges[g->out[i]].removed)
			return true;
	return false;
}

bool dot_tags(const struct report *r, struct graph *g, uint32_t node, uint32_t number, struct buf *out)
{
	uint32_t all = g->tag_begin[node + 1] - g->tag_begin[node], nsets = 0;
	if (!all)
		return false;
	const struct tag **sets = arena_array(&g->arena, const struct tag *, all);
	struct boxes b = {.r = r, .g = g, .out = out, .flat = has_callees(g, node)};
	b.nums = arena_array(&g->arena, const struct tag *, all);
	for (uint32_t i = 0; i < all; i++) {
		const struct tag *t = &g->tags[g->tag_begin[node] + i];
		if (t->is_num)
			b.nums[b.nnums++] = t;
		else
			sets[nsets++] = t;
	}
	char source[32], name[48];
	snprintf(source, sizeof(source), "N%u", number);
	sort_tags(&b, sets, nsets);
	for (uint32_t i = 0; i < nsets && i < MAX_TAGS; i++) {
		const struct tag *t = sets[i];
		int64_t v = b.flat ? mean_value(t->flat, t->flat_div) : mean_value(t->cum, t->cum_div);
		if (!v)
			continue;
		snprintf(name, sizeof(name), "N%u_%u", number, i);
		put_box(&b, source, name, t->name, v, "");
		put_numbers(&b, t->set, name);
	}
	put_numbers(&b, 0, source);
	return b.any;
}
