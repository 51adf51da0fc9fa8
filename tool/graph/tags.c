// SPDX-License-Identifier: MIT
// Labels as a picture shows them: boxes hanging from the nodes. Samples with labels add their value to
// one tag for their string labels together ("tenant:a\nurl:/b") and one for each "bytes" label beneath
// it, on every node of the stack.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "tool/graph/frames.h"
#include "tool/measurement/measurement.h"

// What the samples of one label set add to.
struct label_tags {
	bool is_known;
	strid joined;   // all string labels; 0 without
	uint32_t begin; // into nums
	uint32_t n;
};

struct num_tag {
	strid name; // the value formatted, which is what tells tags apart
	int64_t value;
};

// Open addressing over (node, set, name); `entry` is an index into tags, plus one.
struct slot {
	uint32_t node;
	strid set, name;
	uint32_t entry;
};

struct tagger {
	struct graph *g;
	struct arena arena;
	struct label_tags *by_set; // [nlabel_sets]
	struct num_tag *nums;
	uint32_t nnums, nums_cap;
	struct slot *slots;
	uint64_t mask;
	struct tag *tags;     // in order of appearance
	uint32_t *tag_nodes;  // the node of each
	uint32_t ntags, tags_cap;
	strid bytes, base;
};

static struct str joined_part(struct tagger *t, const struct label *l)
{
	const struct profile *p = t->g->profile;
	struct str key = profile_str(p, l->key), value = profile_str(p, l->str);
	char *s = arena_printf(&t->arena, "%.*s:%.*s", STR_FMT(key), STR_FMT(value));
	return str_from(s);
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static strid join(struct tagger *t, struct str *parts, uint32_t n)
{
	qsort(parts, n, sizeof(parts[0]), by_bytes);
	struct buf b = {0};
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			buf_cstr(&b, "\\n");
		buf_str(&b, parts[i]);
	}
	strid joined = profile_intern(t->g->profile, (struct str){b.ptr, b.len});
	buf_deinit(&b);
	return joined;
}

static void add_num(struct tagger *t, int64_t value)
{
	const struct graph_options *o = &t->g->options;
	if (t->nnums == t->nums_cap) {
		uint32_t cap = t->nums_cap ? t->nums_cap * 2 : 256;
		t->nums = arena_grow(&t->arena, t->nums, t->nums_cap * sizeof(t->nums[0]),
				cap * sizeof(t->nums[0]), _Alignof(struct num_tag));
		t->nums_cap = cap;
	}
	char name[MEASUREMENT_LABEL_BYTES];
	size_t len = measurement_format(name, value, o->bytes_unit, o->output_unit);
	strid id = profile_intern(t->g->profile, (struct str){name, len});
	t->nums[t->nnums++] = (struct num_tag){id, value};
}

static const struct label_tags *tags_of_set(struct tagger *t, uint32_t set)
{
	struct label_tags *lt = &t->by_set[set];
	if (lt->is_known)
		return lt;
	struct profile *p = t->g->profile;
	struct label_set ls = p->label_sets[set];
	struct str *parts = arena_array(&t->arena, struct str, ls.n);
	uint32_t nparts = 0;
	*lt = (struct label_tags){.is_known = true, .begin = t->nnums};
	for (uint32_t i = 0; i < ls.n; i++) {
		const struct label *l = &p->labels[ls.begin + i];
		if (l->is_num && l->key == t->bytes)
			add_num(t, l->num);
		else if (!l->is_num && l->key != t->base)
			parts[nparts++] = joined_part(t, l);
	}
	lt->joined = join(t, parts, nparts);
	lt->n = t->nnums - lt->begin;
	return lt;
}

static uint64_t slot_at(const struct slot *s, uint64_t mask)
{
	uint64_t h = ((uint64_t)s->node << 32 | s->set) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 29 ^ s->name) * 0xbf58476d1ce4e5b9u;
	return (h ^ h >> 32) & mask;
}

static void slots_grow(struct tagger *t)
{
	struct slot *old = t->slots;
	uint64_t nold = old ? t->mask + 1 : 0;
	t->mask = old ? t->mask * 2 + 1 : 4095;
	t->slots = arena_array(&t->arena, struct slot, t->mask + 1);
	for (uint64_t i = 0; i < nold; i++) {
		if (!old[i].entry)
			continue;
		uint64_t at = slot_at(&old[i], t->mask);
		while (t->slots[at].entry)
			at = (at + 1) & t->mask;
		t->slots[at] = old[i];
	}
}

static uint32_t append_tag(struct tagger *t, uint32_t node, struct tag tag)
{
	if (t->ntags == t->tags_cap) {
		uint32_t old = t->tags_cap, cap = old ? old * 2 : 1024;
		t->tags = arena_grow(&t->arena, t->tags, old * sizeof(tag), cap * sizeof(tag),
				_Alignof(struct tag));
		t->tag_nodes = arena_grow(&t->arena, t->tag_nodes, old * sizeof(uint32_t),
				cap * sizeof(uint32_t), _Alignof(uint32_t));
		t->tags_cap = cap;
	}
	t->tags[t->ntags] = tag;
	t->tag_nodes[t->ntags] = node;
	return t->ntags++;
}

// num is NULL for the tag of the string labels themselves.
static struct tag *find_tag(struct tagger *t, uint32_t node, strid set, const struct num_tag *num)
{
	const struct profile *p = t->g->profile;
	if ((uint64_t)t->ntags * 2 >= t->mask)
		slots_grow(t);
	struct slot key = {node, set, num ? num->name : NO_INDEX, 0};
	uint64_t at = slot_at(&key, t->mask);
	for (; t->slots[at].entry; at = (at + 1) & t->mask) {
		const struct slot *s = &t->slots[at];
		if (s->node == key.node && s->set == key.set && s->name == key.name)
			return &t->tags[s->entry - 1];
	}
	struct tag tag = {.name = profile_str(p, num ? num->name : set), .set = set, .is_num = num};
	if (num) {
		tag.value = num->value;
		tag.unit = t->g->options.bytes_unit;
	}
	key.entry = append_tag(t, node, tag) + 1;
	t->slots[at] = key;
	return &t->tags[key.entry - 1];
}

static void add_value(struct tag *tag, int64_t w, int64_t dw, bool flat)
{
	int64_t *sum = flat ? &tag->flat : &tag->cum, *div = flat ? &tag->flat_div : &tag->cum_div;
	*sum = wrap_add(*sum, w);
	*div = wrap_add(*div, dw);
}

static void tag_node(struct tagger *t, uint32_t node, const struct label_tags *lt, int64_t w,
		int64_t dw, bool flat)
{
	if (!t->g->is_selected[node])
		return;
	if (lt->joined)
		add_value(find_tag(t, node, lt->joined, NULL), w, dw, flat);
	for (uint32_t i = 0; i < lt->n; i++)
		add_value(find_tag(t, node, lt->joined, &t->nums[lt->begin + i]), w, dw, flat);
}

// The nodes of a graph that a stack goes through, root first, recursions repeated.
static uint32_t graph_path(const struct graph *g, uint32_t sample, uint32_t *path)
{
	const struct frame_table *f = g->frames;
	struct stack stack = profile_stack(g->profile, sample);
	uint32_t n = 0;
	for (uint32_t k = stack.n; k-- > 0;) {
		uint32_t code = f->codes[stack.locs[k]];
		if (!(code & FRAMES_SEVERAL)) {
			path[n++] = code;
			continue;
		}
		const uint32_t *list = f->lists + (code & ~FRAMES_SEVERAL);
		for (uint32_t j = list[0]; j > 0; j--)
			path[n++] = list[j];
	}
	return n;
}

static size_t longest_path(const struct profile *p)
{
	size_t longest = 0;
	for (uint32_t i = 0; i < p->nsamples; i++) {
		struct stack stack = profile_stack(p, i);
		size_t n = 0;
		for (uint32_t k = 0; profile_label_set(p, i) && k < stack.n; k++) {
			uint32_t lines = p->locations[stack.locs[k]].nlines;
			n += lines ? lines : 1;
		}
		longest = n > longest ? n : longest;
	}
	return longest;
}

static void tag_samples(struct tagger *t)
{
	struct graph *g = t->g;
	const struct profile *p = g->profile;
	uint32_t *path = arena_array(&t->arena, uint32_t, longest_path(p));
	uint32_t *seen = arena_array(&t->arena, uint32_t, g->nnodes);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		uint32_t set = profile_label_set(p, i);
		const int64_t *values = profile_values(p, i);
		int64_t w = values[g->options.value_index], dw = g->options.mean ? values[0] : 0;
		if (!set || (w == 0 && dw == 0))
			continue;
		const struct label_tags *lt = tags_of_set(t, set);
		if (!lt->joined && !lt->n)
			continue;
		uint32_t n = g->options.call_tree ? calltree_path(g, i, path) : graph_path(g, i, path);
		for (uint32_t k = 0; k < n; k++) {
			if (seen[path[k]] == i + 1)
				continue;
			seen[path[k]] = i + 1;
			tag_node(t, path[k], lt, w, dw, false);
		}
		if (n)
			tag_node(t, path[n - 1], lt, w, dw, true);
	}
}

void graph_tag(struct graph *g)
{
	struct profile *p = g->profile;
	struct tagger t = {.g = g};
	t.bytes = profile_find_string(p, STR("bytes"));
	t.base = profile_find_string(p, STR("pprof::base"));
	t.by_set = arena_array(&t.arena, struct label_tags, p->nlabel_sets);
	slots_grow(&t);
	if (p->sample_labels)
		tag_samples(&t);

	uint32_t *begin = arena_array(&g->arena, uint32_t, (size_t)g->nnodes + 2);
	for (uint32_t i = 0; i < t.ntags; i++)
		begin[t.tag_nodes[i] + 2]++;
	for (uint32_t i = 2; i < g->nnodes + 2; i++)
		begin[i] += begin[i - 1];
	g->tags = arena_array(&g->arena, struct tag, t.ntags);
	for (uint32_t i = 0; i < t.ntags; i++)
		g->tags[begin[t.tag_nodes[i] + 1]++] = t.tags[i];
	g->tag_begin = begin;
	arena_deinit(&t.arena);
}

void tags_trim(struct graph *g, int64_t cutoff)
{
	uint32_t n = 0, begin = 0;
	for (uint32_t node = 0; node < g->nnodes; node++) {
		uint32_t end = g->tag_begin[node + 1];
		for (uint32_t i = begin; i < end; i++)
			if (wrap_abs(g->tags[i].flat) >= cutoff || wrap_abs(g->tags[i].cum) >= cutoff)
				g->tags[n++] = g->tags[i];
		begin = end;
		g->tag_begin[node + 1] = n;
	}
}
