// SPDX-License-Identifier: MIT
// Context: CTL. See flame.h. First each location gets its frame, that is, a function's name; then each stack
// walks down the tree from its root. Nodes are numbered as they come, so callers stand before what they call.
#include "flame.h"

#include <errno.h>
#include <string.h>

#include "delta.h"
#include "grow.h"
#include "locations.h"
#include "symbol/demangle.h"
#include "symbol/marker.h"

enum {
	MAX_BOXES = 20000,    // more than a screen has pixels for
	MAX_NODES = 1 << 18,  // some 16 MB while it is made
};

struct node {
	int64_t width, own, delta;
};

struct tree {
	struct cp_flame *flame;
	uint32_t *frame_of; // of location id - 1
	size_t frame_of_cap_bytes;
	struct cp_idmap ids; // of nodes: {caller's id or 0, frame}
	struct node *nodes;  // of id - 1
	size_t nodes_cap_bytes;
	uint32_t itype;
	struct cp_locations *locations;
	const struct cp_module *module; // whose names are being looked up
	int error;
};

/// Frames

static bool grow_frames(struct cp_flame *f, size_t need)
{
	return cp_grow(&f->frames, &f->frames_cap_bytes, need * sizeof(*f->frames));
}

/** Its number plus one; 0: no memory. Functions of one name are one. */
static uint32_t frame_named(struct tree *t, const char *name, size_t len)
{
	struct cp_flame *f = t->flame;
	uint64_t index;
	if (!cp_strings_intern(&f->names, name, len, &index) || !grow_frames(f, index + 1))
		return 0;
	if (index >= f->nframes) {
		f->frames[index].module = t->module ? t->module->path : NULL;
		f->nframes = index + 1;
	}
	return (uint32_t)index + 1;
}

static void on_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len)
{
	char demangled[CP_DEMANGLED_BYTES];
	size_t demangled_len = cp_demangle(name, len, demangled);
	query->result = demangled_len ? frame_named(arg, demangled, demangled_len) : frame_named(arg, name, len);
}

/** What has no name: all of a module that has no symbols is one frame. */
static uint32_t frame_nameless(struct tree *t, uint64_t space, uint64_t address)
{
	const char *name = "[unknown]";
	if (t->module) {
		const char *slash = strrchr(t->module->path, '/');
		name = slash ? slash + 1 : t->module->path;
	} else if (space == (uint64_t)CP_SPACE_MARKER) {
		name = cp_marker_name((enum cp_marker)address);
	}
	return frame_named(t, name, strlen(name));
}

static bool name_group(void *arg, uint64_t space, const struct cp_module *m, struct cp_symbol_query *queries,
		size_t nqueries)
{
	struct tree *t = arg;
	t->module = m;
	cp_locations_symbolize(t->locations, space, m, queries, nqueries, on_found, t);
	for (size_t i = 0; i < nqueries; i++) {
		uint32_t frame = queries[i].result;
		if (frame == 0)
			frame = frame_nameless(t, space, queries[i].vaddr);
		if (frame == 0)
			return false;
		t->frame_of[queries[i].id - 1] = frame - 1;
	}
	return true;
}

static bool find_frames(struct tree *t)
{
	if (!cp_grow(&t->frame_of, &t->frame_of_cap_bytes, t->locations->ids.count * sizeof(*t->frame_of)))
		return false;
	if (!cp_locations_group(t->locations, name_group, t))
		return false;
	for (size_t i = 0; i < t->flame->nframes; i++) {
		const struct cp_string_entry *name = &t->flame->names.entries[i];
		t->flame->frames[i].name = t->flame->names.bytes + name->offset;
		t->flame->frames[i].name_len = name->len;
	}
	return true;
}

/// The tree

/** The node of a frame below `caller`; `caller` itself where there is no room. */
static uint32_t callee(struct tree *t, uint32_t caller, uint32_t frame)
{
	bool is_new;
	if (t->ids.count >= MAX_NODES) {
		t->flame->has_more = true;
		return caller;
	}
	uint32_t id = cp_idmap_intern(&t->ids, (struct cp_idkey){caller, frame}, &is_new);
	if (id == 0 || !cp_grow(&t->nodes, &t->nodes_cap_bytes, t->ids.count * sizeof(*t->nodes)))
		t->error = -ENOMEM;
	return t->error ? caller : id;
}

static void add_stack(void *arg, const uint64_t *locations, uint32_t nlocations, const int64_t *values)
{
	struct tree *t = arg;
	int64_t value = values[t->itype], width = value < 0 ? -value : value;
	if (value == 0 || t->error)
		return;
	t->flame->is_diff |= value < 0;
	t->flame->total += width;
	uint32_t id = 0;
	for (uint32_t i = nlocations; i-- > 0;) {
		uint32_t below = callee(t, id, t->frame_of[locations[i] - 1]);
		if (below == id)
			break;
		id = below;
		t->nodes[id - 1].width += width;
		t->nodes[id - 1].delta += value;
	}
	if (id)
		t->nodes[id - 1].own += width;
}

static size_t count_wide(const struct tree *t, int64_t min_width)
{
	size_t count = 0;
	for (uint32_t i = 0; i < t->ids.count; i++)
		count += t->nodes[i].width >= min_width;
	return count;
}

/** The least width that not too many boxes have. */
static int64_t find_min_width(const struct tree *t)
{
	int64_t low = 1, high = t->flame->total;
	if (count_wide(t, low) <= MAX_BOXES)
		return low;
	while (low + 1 < high) {
		int64_t middle = low + (high - low) / 2;
		if (count_wide(t, middle) <= MAX_BOXES)
			high = middle;
		else
			low = middle;
	}
	return high;
}

/** Whoever is wide enough has a caller that is. */
static bool choose_boxes(struct tree *t)
{
	struct cp_flame *f = t->flame;
	int64_t min_width = find_min_width(t);
	size_t nwide = count_wide(t, min_width), nnumbers = t->ids.count;
	uint32_t *numbers = NULL; // of a node's box, plus one
	size_t numbers_cap_bytes = 0;
	if (nwide == 0)
		return true;
	if (!cp_grow(&f->boxes, &f->boxes_cap_bytes, nwide * sizeof(*f->boxes)) ||
			!cp_grow(&numbers, &numbers_cap_bytes, nnumbers * sizeof(*numbers)))
		return false;
	f->has_more |= nwide < nnumbers;
	for (uint32_t i = 0; i < nnumbers; i++) {
		const struct node *n = &t->nodes[i];
		const struct cp_idkey *key = &t->ids.keys[i];
		if (n->width < min_width)
			continue;
		uint32_t caller = key->space ? numbers[key->space - 1] : 0;
		f->boxes[f->nboxes++] = (struct cp_flame_box){n->width, n->own, n->delta, caller, (uint32_t)key->value};
		numbers[i] = (uint32_t)f->nboxes;
	}
	cp_grow_free(&numbers, &numbers_cap_bytes);
	return true;
}

static int find_type(const struct cp_profile_spec *spec, const char *type, uint32_t *itype_out)
{
	if (!type)
		type = spec->default_sample_type;
	*itype_out = spec->nsample_types - 1; // pprof's choice where nobody chose
	for (uint32_t i = 0; type && i < spec->nsample_types; i++) {
		*itype_out = i;
		if (strcmp(spec->sample_types[i].type, type) == 0)
			return 0;
	}
	return type ? -ENOENT : 0;
}

static void free_tree(struct tree *t)
{
	cp_grow_free(&t->frame_of, &t->frame_of_cap_bytes);
	cp_grow_free(&t->nodes, &t->nodes_cap_bytes);
	cp_idmap_free(&t->ids);
}

int cp_flame_build(struct cp_flame *f, struct cp_delta *delta, const char *type)
{
	struct tree t = {.flame = f, .locations = cp_delta_locations(delta)};
	const struct cp_profile_spec *spec = cp_delta_spec(delta);
	int ret = spec ? find_type(spec, type, &t.itype) : -EINVAL;
	if (ret < 0)
		return ret;
	f->type = spec->sample_types[t.itype];
	if (!find_frames(&t))
		t.error = -ENOMEM;
	if (t.error == 0)
		cp_delta_each(delta, add_stack, &t);
	if (t.error == 0 && !choose_boxes(&t))
		t.error = -ENOMEM;
	free_tree(&t);
	return t.error;
}

void cp_flame_free(struct cp_flame *f)
{
	cp_grow_free(&f->boxes, &f->boxes_cap_bytes);
	cp_grow_free(&f->frames, &f->frames_cap_bytes);
	cp_strings_free(&f->names);
	*f = (struct cp_flame){0};
}
