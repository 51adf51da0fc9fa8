// SPDX-License-Identifier: MIT
// Flame graphs (see flame.h). Boxes are unfolded best first: the widest that is known is written, and the
// samples under it are sorted into its callees, which are known then. As no callee is wider than its
// caller, the first max_boxes are the widest of all; and what is too small to be shown, in large profiles
// nearly everything, is never looked at.
#include "tool/export/flame.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tool/export/jsonout.h"
#include "tool/report/formats.h"

struct box {
	uint32_t frame;        // node of the graph
	uint32_t caller;       // index in `shown`, or NO_INDEX
	uint32_t first, nsamples; // cursors[first .. first + nsamples)
	int64_t width, delta, own;
};

// How much of a sample's stack, from the root, is above the box it is in. It has all a step needs but the next place,
// which alone has to come from anywhere in memory.
struct cursor {
	int64_t value;
	uint32_t leaf, place; // of the profile's column of places: the next is the one before `place`
	uint32_t lines;       // still to come of that one
	uint32_t next;        // the node that comes, while its box is unfolded
};

enum { CURSORS_AHEAD = 40 }; // so far from now a place is sent for

struct flame {
	struct report *report;
	struct graph *g;     // names
	struct stack places; // of all samples
	struct cursor *cursors, *sorted;
	uint32_t *slots;        // [nnodes]: callee of the box being unfolded, plus one
	struct box *callees;    // of that box
	uint32_t ncallees, callees_cap;
	struct box *heap;       // known, not yet shown; the widest first
	uint32_t nheap, heap_cap;
	struct box *shown;
	uint32_t nshown;
	bool is_diff;
};

static bool is_wider(const struct box *a, const struct box *b)
{
	return a->width != b->width ? a->width > b->width : a->first < b->first;
}

static void swap(struct box *a, struct box *b)
{
	struct box t = *a;
	*a = *b;
	*b = t;
}

static void push(struct flame *f, const struct box *b)
{
	f->heap = mem_grow(f->heap, &f->heap_cap, f->nheap + 1, sizeof(*f->heap));
	uint32_t at = f->nheap++;
	f->heap[at] = *b;
	for (; at && is_wider(&f->heap[at], &f->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&f->heap[at], &f->heap[(at - 1) / 2]);
}

static struct box pop(struct flame *f)
{
	struct box widest = f->heap[0];
	f->heap[0] = f->heap[--f->nheap];
	for (uint32_t at = 0, child; (child = 2 * at + 1) < f->nheap; at = child) {
		if (child + 1 < f->nheap && is_wider(&f->heap[child + 1], &f->heap[child]))
			child++;
		if (!is_wider(&f->heap[child], &f->heap[at]))
			break;
		swap(&f->heap[at], &f->heap[child]);
	}
	return widest;
}

static void send_for(const struct flame *f, const struct cursor *c)
{
	uint32_t next = c->place - (c->place > c->leaf);
	__builtin_prefetch(stack_skip(f->places, next).locs); // or narrow_locs, at the same address
}

// The next node of a stack; NO_INDEX at its end.
static uint32_t advance(const struct flame *f, struct cursor *c)
{
	uint32_t n;
	if (!c->lines && c->place == c->leaf)
		return NO_INDEX;
	if (!c->lines)
		c->place--;
	const uint32_t *nodes = graph_location_nodes(f->g, stack_loc(f->places, c->place), &n);
	if (!c->lines)
		c->lines = n;
	return nodes[--c->lines];
}

static void add_to_callee(struct flame *f, struct cursor *c, uint32_t caller)
{
	uint32_t *slot = &f->slots[c->next];
	if (!*slot) {
		f->callees = mem_grow(f->callees, &f->callees_cap, f->ncallees + 1, sizeof(*f->callees));
		f->callees[f->ncallees++] = (struct box){.frame = c->next, .caller = caller};
		*slot = f->ncallees;
	}
	struct box *callee = &f->callees[*slot - 1];
	callee->nsamples++;
	callee->width = wrap_add(callee->width, wrap_abs(c->value));
	callee->delta = wrap_add(callee->delta, c->value);
}

// Sorts the samples of a range into callees, which are pushed; returns what ends here.
static int64_t unfold(struct flame *f, uint32_t first, uint32_t n, uint32_t caller)
{
	struct cursor *range = f->cursors + first;
	int64_t own = 0;
	f->ncallees = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (i + CURSORS_AHEAD < n)
			send_for(f, &range[i + CURSORS_AHEAD]);
		range[i].next = advance(f, &range[i]);
		if (range[i].next == NO_INDEX)
			own = wrap_add(own, wrap_abs(range[i].value));
		else
			add_to_callee(f, &range[i], caller);
	}
	uint32_t at = first;
	for (uint32_t i = 0; i < f->ncallees; i++) {
		f->callees[i].first = at;
		at += f->callees[i].nsamples;
		push(f, &f->callees[i]);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (range[i].next != NO_INDEX)
			f->sorted[f->callees[f->slots[range[i].next] - 1].first++] = range[i];
	}
	memcpy(range, f->sorted + first, (at - first) * sizeof(*range));
	for (uint32_t i = 0; i < f->ncallees; i++)
		f->slots[f->callees[i].frame] = 0;
	return own;
}

static void build(struct flame *f, uint32_t max_boxes)
{
	const struct profile *p = f->report->profile;
	uint32_t n = 0;
	f->cursors = mem_resize(NULL, p->nsamples, sizeof(*f->cursors));
	f->sorted = mem_resize(NULL, p->nsamples, sizeof(*f->sorted));
	f->slots = mem_zeroed(f->g->nnodes, sizeof(*f->slots));
	f->shown = mem_resize(NULL, max_boxes, sizeof(*f->shown));
	for (uint32_t i = 0; i < p->nsamples; i++) {
		int64_t v = profile_values(p, i)[f->report->options.value_index];
		f->is_diff |= v < 0;
		if (v)
			f->cursors[n++] = (struct cursor){.value = v, .leaf = p->loc_begin[i], .place = p->loc_end[i]};
	}
	unfold(f, 0, n, NO_INDEX);
	while (f->nheap && f->nshown < max_boxes) {
		struct box b = pop(f);
		b.own = unfold(f, b.first, b.nsamples, f->nshown);
		f->shown[f->nshown++] = b;
	}
}

static void put_frame(const struct flame *f, uint32_t node, struct buf *out)
{
	struct graph *g = f->g;
	const struct node_info *info = &g->infos[g->nodes[node].info];
	struct str name = profile_str(g->profile, info->name);
	bool is_plain = name.len && !info->line && !info->address;
	buf_byte(out, '[');
	put_json_string(is_plain ? name : graph_node_name(g, node), out);
	buf_byte(out, ',');
	put_json_string(name, out);
	buf_byte(out, ',');
	put_json_string(report_trim_path(f->report, profile_str(g->profile, info->file)), out);
	buf_byte(out, ']');
}

// Numbers the frames that are shown, in `slots`, plus one.
static void put_frames(struct flame *f, struct buf *out)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < f->nshown; i++) {
		uint32_t node = f->shown[i].frame;
		if (f->slots[node])
			continue;
		buf_cstr(out, n ? ",\n" : "");
		put_frame(f, node, out);
		f->slots[node] = ++n;
	}
}

static void put_boxes(const struct flame *f, struct buf *out)
{
	for (uint32_t i = 0; i < f->nshown; i++) {
		const struct box *b = &f->shown[i];
		buf_cstr(out, i ? ",[" : "[");
		buf_i64(out, f->slots[b->frame] - 1);
		buf_byte(out, ',');
		buf_i64(out, b->caller == NO_INDEX ? -1 : (int64_t)b->caller);
		buf_byte(out, ',');
		buf_i64(out, b->width);
		buf_byte(out, ',');
		buf_i64(out, b->own);
		if (f->is_diff) {
			buf_byte(out, ',');
			buf_i64(out, b->delta);
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
	struct flame f = {.report = r, .g = graph_of_frames(r->profile), .places = profile_places(r->profile)};
	build(&f, max_boxes);
	buf_printf(out, "{\"total\":%ld,\"ratio\":%.17g", r->total, r->options.ratio);
	put_string("type", r->options.sample_type, out);
	put_string("unit", r->options.sample_unit, out);
	put_string("output_unit", r->options.output_unit, out);
	put_json_key("is_diff", false, out);
	buf_cstr(out, f.is_diff ? "true" : "false");
	put_json_key("has_more", false, out);
	buf_cstr(out, f.nheap ? "true" : "false");
	put_json_key("frames", false, out);
	buf_byte(out, '[');
	put_frames(&f, out);
	buf_byte(out, ']');
	put_json_key("boxes", false, out);
	buf_byte(out, '[');
	put_boxes(&f, out);
	buf_cstr(out, "]}");
	free(f.cursors);
	free(f.sorted);
	free(f.slots);
	free(f.callees);
	free(f.heap);
	free(f.shown);
	graph_destroy(f.g);
}
