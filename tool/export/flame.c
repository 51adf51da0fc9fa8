// SPDX-License-Identifier: MIT
// Flame graphs (see flame.h). The tree is the graph of -call_tree. A difference needs two: how much there
// was in both profiles together is a box's width, what became of it the delta. Both are built from the
// same samples in the same order, and so number their nodes alike.
#include "tool/export/flame.h"

#include <stdlib.h>

#include "tool/export/jsonout.h"
#include "tool/report/formats.h"

struct flame {
	struct arena arena;
	struct graph *widths, *deltas; // the same where nothing is negative
	uint32_t *frames;              // [ninfos]: number in the output plus one
	uint32_t *boxes;               // [nnodes]: likewise
	int64_t omitted_value;
};

static bool has_negative(const struct profile *p, uint32_t value_index)
{
	for (uint32_t i = 0; i < p->nsamples; i++) {
		if (profile_values(p, i)[value_index] < 0)
			return true;
	}
	return false;
}

static void build(struct flame *f, struct report *r)
{
	struct profile *p = r->profile;
	uint32_t index = r->options.value_index;
	f->deltas = f->widths = report_graph(r);
	if (!has_negative(p, index))
		return;
	profile_own(p, PROFILE_SAMPLES);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		int64_t *v = &p->values[(size_t)i * p->nsample_types + index];
		*v = wrap_abs(*v);
	}
	f->widths = report_graph(r);
}

static int descending(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
	return (a < b) - (a > b);
}

// The widest box that has to go for max_boxes to stay. A caller is at least as wide as what it calls, so
// what stays hangs together.
static int64_t widest_omitted(struct flame *f, uint32_t max_boxes)
{
	const struct graph *g = f->widths;
	if (g->nnodes <= max_boxes)
		return 0;
	int64_t *sorted = arena_array(&f->arena, int64_t, g->nnodes);
	for (uint32_t i = 0; i < g->nnodes; i++)
		sorted[i] = g->nodes[i].cum;
	qsort(sorted, g->nnodes, sizeof(*sorted), descending);
	return sorted[max_boxes];
}

static void put_frame(struct flame *f, uint32_t node, struct buf *out)
{
	struct graph *g = f->widths;
	const struct node_info *info = &g->infos[g->nodes[node].info];
	struct str name = profile_str(g->profile, info->name);
	struct str label = graph_node_name(g, node);
	bool is_plain = name.len && !info->line && !info->address;
	buf_byte(out, '[');
	put_json_string(is_plain ? name : label, out);
	buf_byte(out, ',');
	put_json_string(name, out);
	buf_byte(out, ',');
	put_json_string(profile_str(g->profile, info->file), out);
	buf_byte(out, ']');
}

// Numbers the boxes that stay and their frames, and writes the frames.
static uint32_t put_frames(struct flame *f, struct buf *out)
{
	const struct graph *g = f->widths;
	uint32_t nboxes = 0, nframes = 0;
	f->frames = arena_array(&f->arena, uint32_t, g->ninfos);
	f->boxes = arena_array(&f->arena, uint32_t, g->nnodes);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		if (g->nodes[i].cum <= f->omitted_value)
			continue;
		f->boxes[i] = ++nboxes;
		if (f->frames[g->nodes[i].info])
			continue;
		buf_cstr(out, nframes ? ",\n" : "");
		put_frame(f, i, out);
		f->frames[g->nodes[i].info] = ++nframes;
	}
	return nboxes;
}

static void put_boxes(const struct flame *f, struct buf *out)
{
	const struct graph *g = f->widths;
	bool is_first = true;
	for (uint32_t i = 0; i < g->nnodes; i++) {
		if (!f->boxes[i])
			continue;
		uint32_t caller = graph_caller(g, i);
		buf_cstr(out, is_first ? "[" : ",[");
		is_first = false;
		buf_i64(out, f->frames[g->nodes[i].info] - 1);
		buf_byte(out, ',');
		buf_i64(out, caller ? (int64_t)f->boxes[caller - 1] - 1 : -1);
		buf_byte(out, ',');
		buf_i64(out, g->nodes[i].cum);
		buf_byte(out, ',');
		buf_i64(out, g->nodes[i].flat);
		if (f->deltas != f->widths) {
			buf_byte(out, ',');
			buf_i64(out, f->deltas->nodes[i].cum);
		}
		buf_byte(out, ']');
	}
}

static void put_string(const char *key, struct str value, struct buf *out)
{
	put_json_key(key, false, out);
	put_json_string(value, out);
}

void flame_write(struct report *r, uint32_t max_boxes, struct buf *out)
{
	struct flame f = {0};
	build(&f, r);
	f.omitted_value = widest_omitted(&f, max_boxes);
	buf_printf(out, "{\"total\":%ld,\"ratio\":%.17g", r->total, r->options.ratio);
	put_string("type", r->options.sample_type, out);
	put_string("unit", r->options.sample_unit, out);
	put_string("output_unit", r->options.output_unit, out);
	put_json_key("is_diff", false, out);
	buf_cstr(out, f.deltas != f.widths ? "true" : "false");
	put_json_key("frames", false, out);
	buf_byte(out, '[');
	uint32_t nboxes = put_frames(&f, out);
	buf_byte(out, ']');
	put_json_key("omitted", false, out);
	buf_i64(out, f.widths->nnodes - nboxes);
	put_json_key("omitted_value", false, out);
	buf_i64(out, f.omitted_value);
	put_json_key("boxes", false, out);
	buf_byte(out, '[');
	put_boxes(&f, out);
	buf_cstr(out, "]}");
	if (f.deltas != f.widths)
		graph_destroy(f.deltas);
	graph_destroy(f.widths);
	arena_deinit(&f.arena);
}
