// SPDX-License-Identifier: MIT
// Labels as a picture shows them: boxes hanging from the nodes. Samples with labels add their value to
// one tag for their string labels together ("tenant:a\nurl:/b") and one for each "bytes" label beneath
// it, on every node of the stack.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "tool/graph/frames.h"
#include "tool/graph/tag_names.h"

// A tag that several label sets may have in common: their string labels, or a number beneath these.
struct kind {
	strid set;      // all string labels, joined; 0 without
	strid name;     // of a number, formatted: what tells numbers apart; NO_INDEX of string labels
	uint64_t bound; // no node can have more of it than this
};

// A kind as one label set has it. Numbers that look the same when formatted are one kind.
struct item {
	uint32_t kind;
	int64_t value;
};

// What the samples of one label set add to: items[begin .. begin + n).
struct item_range {
	uint32_t begin, n;
};

// Open addressing over (node, kind); `entry` is an index into tags, plus one.
struct slot {
	uint32_t node, kind, entry;
};

struct tagger {
	struct graph *g;
	struct arena arena;
	bool *is_wanted;     // [nnodes]
	uint64_t min_weight; // lighter tags are not wanted
	struct tag_names names;
	strid bytes;
	struct item_range *by_set; // [nlabel_sets]
	struct item *items;
	uint32_t nitems, items_cap;
	struct kind *kinds;
	uint32_t nkinds, kinds_cap;
	uint32_t *kind_slots; // open addressing: kind + 1
	uint32_t kind_mask;
	struct slot *slots;
	uint64_t mask;
	struct tag *tags;    // in order of appearance
	uint32_t *tag_nodes; // the node of each
	uint32_t ntags, tags_cap, tag_nodes_cap;
	uint32_t *path; // nodes of the sample at hand
	uint32_t path_cap;
};

#define TAGGER_GROW(t, array, n, cap)                                                              \
	do {                                                                                       \
		if ((n) == (cap)) {                                                                \
			uint32_t old_ = (cap);                                                     \
			(cap) = old_ ? old_ * 2 : 256;                                             \
			(array) = arena_grow(&(t)->arena, (array), old_ * sizeof(*(array)),        \
					(cap) * sizeof(*(array)), 8);                              \
		}                                                                                  \
	} while (0)

static uint64_t hash_pair(uint32_t a, uint32_t b)
{
	uint64_t h = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static void kinds_rehash(struct tagger *t)
{
	t->kind_mask = t->kind_mask ? t->kind_mask * 2 + 1 : 1023;
	t->kind_slots = arena_array(&t->arena, uint32_t, (size_t)t->kind_mask + 1);
	for (uint32_t i = 0; i < t->nkinds; i++) {
		uint64_t at = hash_pair(t->kinds[i].set, t->kinds[i].name) & t->kind_mask;
		while (t->kind_slots[at])
			at = (at + 1) & t->kind_mask;
		t->kind_slots[at] = i + 1;
	}
}

static uint32_t find_kind(struct tagger *t, strid set, strid name)
{
	if (t->nkinds * 2 >= t->kind_mask)
		kinds_rehash(t);
	uint64_t at = hash_pair(set, name) & t->kind_mask;
	for (; t->kind_slots[at]; at = (at + 1) & t->kind_mask) {
		const struct kind *k = &t->kinds[t->kind_slots[at] - 1];
		if (k->set == set && k->name == name)
			return t->kind_slots[at] - 1;
	}
	TAGGER_GROW(t, t->kinds, t->nkinds, t->kinds_cap);
	t->kinds[t->nkinds] = (struct kind){set, name, 0};
	t->kind_slots[at] = ++t->nkinds;
	return t->nkinds - 1;
}

static void add_item(struct tagger *t, strid set, strid name, int64_t value, uint64_t weight)
{
	uint32_t kind = find_kind(t, set, name);
	uint64_t *bound = &t->kinds[kind].bound;
	*bound = *bound + weight < weight ? UINT64_MAX : *bound + weight;
	TAGGER_GROW(t, t->items, t->nitems, t->items_cap);
	t->items[t->nitems++] = (struct item){kind, value};
}

static void add_set(struct tagger *t, uint32_t set, uint64_t weight)
{
	const struct profile *p = t->g->profile;
	struct label_set ls = p->label_sets[set];
	strid joined = tag_names_join(&t->names, set);
	t->by_set[set].begin = t->nitems;
	if (joined)
		add_item(t, joined, NO_INDEX, 0, weight);
	for (uint32_t i = 0; i < ls.n; i++) {
		const struct label *l = &p->labels[ls.begin + i];
		if (!l->is_num || l->key != t->bytes)
			continue;
		add_item(t, joined, tag_names_number(&t->names, l->num), l->num, weight);
	}
	t->by_set[set].n = t->nitems - t->by_set[set].begin;
}

// What all samples of a label set weigh bounds what any node can have of its tags.
static void add_sets(struct tagger *t)
{
	const struct profile *p = t->g->profile;
	uint64_t *weights = arena_array(&t->arena, uint64_t, p->nlabel_sets);
	t->by_set = arena_array(&t->arena, struct item_range, p->nlabel_sets);
	for (uint32_t i = 0; i < p->nsamples && !cancelled(); i++) {
		uint64_t *sum = &weights[profile_label_set(p, i)];
		uint64_t w = (uint64_t)wrap_abs(profile_values(p, i)[t->g->options.value_index]);
		*sum = *sum + w < w ? UINT64_MAX : *sum + w;
	}
	for (uint32_t set = 1; set < p->nlabel_sets && !cancelled(); set++)
		if (weights[set] || t->g->options.mean)
			add_set(t, set, weights[set]);
}

// Items that are too light on every node go. False where none is left.
static bool drop_light_items(struct tagger *t)
{
	bool has_any = false;
	for (uint32_t set = 0; set < t->g->profile->nlabel_sets; set++) {
		struct item_range *range = &t->by_set[set];
		uint32_t n = 0;
		for (uint32_t i = 0; i < range->n; i++) {
			struct item item = t->items[range->begin + i];
			t->items[range->begin + n] = item;
			n += t->kinds[item.kind].bound >= t->min_weight;
		}
		range->n = n;
		has_any |= n > 0;
	}
	return has_any;
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
		uint64_t at = hash_pair(old[i].node, old[i].kind) & t->mask;
		while (t->slots[at].entry)
			at = (at + 1) & t->mask;
		t->slots[at] = old[i];
	}
}

static uint32_t append_tag(struct tagger *t, uint32_t node, const struct item *item)
{
	const struct profile *p = t->g->profile;
	const struct kind *k = &t->kinds[item->kind];
	bool is_num = k->name != NO_INDEX;
	TAGGER_GROW(t, t->tags, t->ntags, t->tags_cap);
	TAGGER_GROW(t, t->tag_nodes, t->ntags, t->tag_nodes_cap);
	t->tags[t->ntags] = (struct tag){.set = k->set, .is_num = is_num,
			.name = profile_str(p, is_num ? k->name : k->set), .value = item->value,
			.unit = is_num ? t->g->options.bytes_unit : STR("")};
	t->tag_nodes[t->ntags] = node;
	return t->ntags++;
}

static struct tag *find_tag(struct tagger *t, uint32_t node, const struct item *item)
{
	if ((uint64_t)t->ntags * 2 >= t->mask)
		slots_grow(t);
	uint64_t at = hash_pair(node, item->kind) & t->mask;
	for (; t->slots[at].entry; at = (at + 1) & t->mask) {
		const struct slot *s = &t->slots[at];
		if (s->node == node && s->kind == item->kind)
			return &t->tags[s->entry - 1];
	}
	uint32_t tag = append_tag(t, node, item);
	t->slots[at] = (struct slot){node, item->kind, tag + 1};
	return &t->tags[tag];
}

static void tag_node(struct tagger *t, uint32_t node, struct item_range range, int64_t w, int64_t dw,
		bool flat)
{
	if (!t->is_wanted[node])
		return;
	for (uint32_t i = 0; i < range.n; i++) {
		const struct item *item = &t->items[range.begin + i];
		struct tag *tag = find_tag(t, node, item);
		int64_t *sum = flat ? &tag->flat : &tag->cum;
		int64_t *div = flat ? &tag->flat_div : &tag->cum_div;
		*sum = wrap_add(*sum, w);
		*div = wrap_add(*div, dw);
	}
}

// The nodes of a graph that a stack goes through, root first, recursions repeated.
static uint32_t graph_path(const struct graph *g, uint32_t sample, uint32_t *path)
{
	const struct frame_table *f = g->frames;
	struct stack stack = profile_stack(g->profile, sample);
	uint32_t n = 0;
	for (uint32_t k = stack.n; k-- > 0;) {
		uint32_t nnodes;
		const uint32_t *nodes = frames_nodes(f, stack_loc(stack, k), &nnodes);
		while (nnodes-- > 0) {
			path[n] = nodes[nnodes];
			n += !g->is_hidden || !g->is_hidden[nodes[nnodes]];
		}
	}
	return n;
}

// Room for the nodes of a sample's stack.
static void reserve_path(struct tagger *t, uint32_t sample)
{
	const struct frame_table *f = t->g->frames;
	struct stack stack = profile_stack(t->g->profile, sample);
	uint32_t n = 0;
	for (uint32_t k = 0; k < stack.n; k++) {
		uint32_t code = f->codes[stack_loc(stack, k)];
		n += code & FRAMES_SEVERAL ? f->lists[code & ~FRAMES_SEVERAL] : 1;
	}
	if (n <= t->path_cap)
		return;
	t->path_cap = n * 2;
	t->path = arena_array(&t->arena, uint32_t, t->path_cap);
}

static void tag_samples(struct tagger *t)
{
	struct graph *g = t->g;
	const struct profile *p = g->profile;
	uint32_t *seen = arena_array(&t->arena, uint32_t, g->nnodes);
	for (uint32_t i = 0; i < p->nsamples && !cancelled(); i++) {
		struct item_range range = t->by_set[profile_label_set(p, i)];
		const int64_t *values = profile_values(p, i);
		int64_t w = values[g->options.value_index], dw = g->options.mean ? values[0] : 0;
		if ((w == 0 && dw == 0) || !range.n)
			continue;
		reserve_path(t, i);
		uint32_t *path = t->path;
		uint32_t n = g->options.call_tree ? calltree_path(g, i, path) : graph_path(g, i, path);
		for (uint32_t k = 0; k < n; k++) {
			if (seen[path[k]] == i + 1)
				continue;
			seen[path[k]] = i + 1;
			tag_node(t, path[k], range, w, dw, false);
		}
		if (n)
			tag_node(t, path[n - 1], range, w, dw, true);
	}
}

// Hands the tags over, those of a node together and in order of appearance.
static void give_tags(struct tagger *t)
{
	struct graph *g = t->g;
	uint32_t *begin = arena_array(&g->arena, uint32_t, (size_t)g->nnodes + 2);
	for (uint32_t i = 0; i < t->ntags; i++)
		begin[t->tag_nodes[i] + 2]++;
	for (uint32_t i = 2; i < g->nnodes + 2; i++)
		begin[i] += begin[i - 1];
	g->tags = arena_array(&g->arena, struct tag, t->ntags);
	for (uint32_t i = 0; i < t->ntags; i++)
		g->tags[begin[t->tag_nodes[i] + 1]++] = t->tags[i];
	g->tag_begin = begin;
}

static void drop_light_tags(struct graph *g, int64_t min_weight)
{
	uint32_t n = 0, begin = 0;
	for (uint32_t node = 0; node < g->nnodes; node++) {
		uint32_t end = g->tag_begin[node + 1];
		for (uint32_t i = begin; i < end; i++)
			if (wrap_abs(g->tags[i].flat) >= min_weight ||
					wrap_abs(g->tags[i].cum) >= min_weight)
				g->tags[n++] = g->tags[i];
		begin = end;
		g->tag_begin[node + 1] = n;
	}
}

void graph_tag(struct graph *g, uint32_t n, int64_t min_weight)
{
	struct profile *p = g->profile;
	struct tagger t = {.g = g, .min_weight = min_weight > 0 ? (uint64_t)min_weight : 0};
	t.is_wanted = arena_array(&t.arena, bool, g->nnodes);
	for (uint32_t i = 0; i < n; i++)
		t.is_wanted[g->selected[i]] = true;
	t.bytes = profile_find_string(p, STR("bytes"));
	t.names = tag_names_create(g, &t.arena);
	slots_grow(&t);
	if (p->sample_labels) {
		add_sets(&t);
		if (drop_light_items(&t))
			tag_samples(&t);
	}
	give_tags(&t);
	drop_light_tags(g, min_weight);
	tag_names_deinit(&t.names);
	arena_deinit(&t.arena);
}
