// SPDX-License-Identifier: MIT
// The first pass: flat and cum of every node. It knows nothing of edges, so that it touches two small
// tables a frame and no more; where only nodes of some names are asked for, one byte a frame of most stacks, and
// nothing of those that are known not to have them. Also decides which nodes count at all.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "tool/graph/frames.h"
#include "tool/profile/parallel.h"
#include "tool/graph/pass_cache.h"

// What every frame touches, and nothing else: these shall stay in the cache.
struct accum {
	int64_t cum;
	uint32_t stamp; // 1 + the last sample counted in cum: a recursive function counts once
};

struct tally {
	const struct graph *g;
	struct accum *nodes;
	int64_t *flats;
	int64_t *cum_divs, *flat_divs; // NULL where no mean is asked for
	const uint8_t *found; // [nsamples]: which have a node at all; NULL: any may
};

static inline void add_cum(struct tally *t, uint32_t node, uint32_t stamp, int64_t w, int64_t dw)
{
	struct accum *a = &t->nodes[node];
	if (a->stamp == stamp)
		return;
	a->stamp = stamp;
	a->cum = wrap_add(a->cum, w);
	if (t->cum_divs)
		t->cum_divs[node] = wrap_add(t->cum_divs[node], dw);
}

static inline void tally_frames(struct tally *t, const uint32_t *codes, uint32_t n, uint32_t stamp,
		int64_t w, int64_t dw)
{
	for (uint32_t k = 0; k < n; k++) {
		if (!(codes[k] & FRAMES_SEVERAL)) {
			add_cum(t, codes[k], stamp, w, dw);
			continue;
		}
		const uint32_t *list = t->g->frames->lists + (codes[k] & ~FRAMES_SEVERAL);
		for (uint32_t i = 1; i <= list[0]; i++)
			add_cum(t, list[i], stamp, w, dw);
	}
}

static inline void add_flat(struct tally *t, uint32_t node, int64_t w, int64_t dw)
{
	t->flats[node] = wrap_add(t->flats[node], w);
	if (t->flat_divs)
		t->flat_divs[node] = wrap_add(t->flat_divs[node], dw);
}

static inline void tally_sample(struct tally *t, uint32_t sample, int64_t w, int64_t dw)
{
	const struct frame_table *f = t->g->frames;
	struct stack stack = profile_stack(t->g->profile, sample);
	uint32_t codes[FRAMES_BATCH];
	if (!stack.n)
		return;
	uint32_t leaf = f->codes[stack_loc(stack, 0)];
	if (leaf & FRAMES_SEVERAL)
		leaf = f->lists[(leaf & ~FRAMES_SEVERAL) + 1];
	add_flat(t, leaf, w, dw);
	while (stack.n) {
		uint32_t n = stack.n < FRAMES_BATCH ? stack.n : FRAMES_BATCH;
		frames_fetch(f, stack, NULL, n, codes);
		tally_frames(t, codes, n, sample + 1, w, dw);
		stack = stack_skip(stack, n);
	}
}

// Most frames have no node.
static void tally_few(struct tally *t, uint32_t sample, int64_t w, int64_t dw)
{
	const struct frame_table *f = t->g->frames;
	struct stack stack = profile_stack(t->g->profile, sample);
	for (uint32_t k = 0; k < stack.n; k++) {
		uint32_t location = stack_loc(stack, k), n;
		if (!f->has_node[location])
			continue;
		const uint32_t *nodes = frames_nodes(f, location, &n);
		if (k == 0 && nodes[0] != FRAMES_NONE)
			add_flat(t, nodes[0], w, dw);
		for (uint32_t i = 0; i < n; i++)
			if (nodes[i] != FRAMES_NONE)
				add_cum(t, nodes[i], sample + 1, w, dw);
	}
}

static void tally_range(void *state, struct sample_range range)
{
	struct tally *t = state;
	const struct profile *p = t->g->profile;
	uint32_t index = t->g->options.value_index;
	for (uint32_t i = range.begin; i < range.end && !cancelled(); i++) {
		const int64_t *values = profile_values(p, i);
		int64_t w = values[index], dw = t->cum_divs ? values[0] : 0;
		if ((w == 0 && dw == 0) || (t->found && !t->found[i]))
			continue;
		if (t->g->frames->has_node)
			tally_few(t, i, w, dw);
		else
			tally_sample(t, i, w, dw);
	}
}

static void tally_add(struct graph *g, const struct tally *t)
{
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct node *n = &g->nodes[i];
		n->cum = wrap_add(n->cum, t->nodes[i].cum);
		n->flat = wrap_add(n->flat, t->flats[i]);
		if (t->cum_divs) {
			n->cum_div = wrap_add(n->cum_div, t->cum_divs[i]);
			n->flat_div = wrap_add(n->flat_div, t->flat_divs[i]);
		}
	}
}

void nodes_of_infos(struct graph *g)
{
	g->nnodes = g->ninfos;
	g->nodes = arena_array(&g->arena, struct node, g->nnodes);
	for (uint32_t i = 0; i < g->nnodes; i++)
		g->nodes[i].info = i;
}

static void tally_samples(struct graph *g)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct tally tallies[PARALLEL_MAX];
	struct arena scratch = {0};
	uint32_t n = parallel_ranges(g->profile, ranges);
	const uint8_t *has_node = g->frames->has_node;
	uint8_t *found = has_node ? arena_array(&scratch, uint8_t, g->profile->nsamples) : NULL;
	bool is_found = has_node && graph_find_samples(g->profile, has_node, 1, found);

	for (uint32_t i = 0; i < n; i++) {
		struct tally *t = &tallies[i];
		*t = (struct tally){.g = g, .found = is_found ? found : NULL,
				.nodes = arena_array(&scratch, struct accum, g->nnodes),
				.flats = arena_array(&scratch, int64_t, g->nnodes)};
		if (g->options.mean) {
			t->cum_divs = arena_array(&scratch, int64_t, g->nnodes);
			t->flat_divs = arena_array(&scratch, int64_t, g->nnodes);
		}
	}
	parallel_run(ranges, n, tallies, sizeof(tallies[0]), tally_range);
	for (uint32_t i = 0; i < n; i++)
		tally_add(g, &tallies[i]);
	arena_deinit(&scratch);
}

static bool tally_all(struct graph *g)
{
	// The stacks of other names' nodes are not worth making.
	const struct node_stacks *stacks = g->frames->has_node ? NULL : pass_cache_stacks(g);
	if (stacks)
		return tally_stacks(g, stacks);
	tally_samples(g);
	return true;
}

// A known tally is two numbers a node, and of a mean two more.
static void take_known(struct graph *g, const int64_t *known)
{
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct node *n = &g->nodes[i];
		n->flat = *known++;
		n->cum = *known++;
		if (g->options.mean) {
			n->flat_div = *known++;
			n->cum_div = *known++;
		}
	}
}

static void keep(const struct graph *g, const struct pass_key *key)
{
	struct arena scratch = {0};
	size_t n = 0;
	int64_t *numbers = arena_array(&scratch, int64_t, (size_t)g->nnodes * 4);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		const struct node *node = &g->nodes[i];
		numbers[n++] = node->flat;
		numbers[n++] = node->cum;
		if (g->options.mean) {
			numbers[n++] = node->flat_div;
			numbers[n++] = node->cum_div;
		}
	}
	pass_cache_keep(key, numbers, n * sizeof(*numbers));
	arena_deinit(&scratch);
}

bool tally_nodes(struct graph *g)
{
	struct pass_key key = {PASS_TALLY, g, g->frames};
	size_t bytes;
	const int64_t *known = pass_cache_find(&key, &bytes);
	nodes_of_infos(g);
	if (known) {
		take_known(g, known);
		return true;
	}
	if (!tally_all(g))
		return false;
	if (g->profile->pass_cache)
		keep(g, &key);
	return true;
}

static bool is_shown(const struct graph *g, const struct node *n)
{
	if (n->cum == 0 && n->flat == 0)
		return false;
	if (!g->options.drop_negative)
		return true;
	return n->flat > 0 || (n->flat == 0 && n->cum >= 0);
}

void select_nodes(struct graph *g)
{
	g->selected = arena_array(&g->arena, uint32_t, g->nnodes);
	g->is_selected = arena_array(&g->arena, bool, g->nnodes);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		if (!is_shown(g, &g->nodes[i]))
			continue;
		g->selected[g->nselected++] = i;
		g->is_selected[i] = true;
	}
}
