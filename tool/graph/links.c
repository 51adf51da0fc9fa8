// SPDX-License-Identifier: MIT
// The second pass: edges. Each sample adds its value once to every distinct pair of neighbours on its
// stack. Done only between the nodes that stay (graph.h says why that is enough), into a hash table
// of 32-byte cells a thread.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/mem.h"
#include "tool/graph/frames.h"
#include "tool/graph/parallel.h"
#include "tool/graph/pass_cache.h"

struct cell {
	uint64_t key; // src + 1, dst; 0 is free
	int64_t weight, weight_div;
	uint32_t stamp; // 1 + the last sample counted
	bool residual, is_inline;
};

// A pair of neighbours, waiting for its cell to come from memory.
struct hop {
	uint64_t key;
	bool residual, is_inline;
};

enum { HOPS = 64, FIRST_CELLS = 128 };

struct linker {
	const struct graph *g;
	const struct frame_table *frames;
	struct cell *cells;
	uint64_t mask;
	uint64_t ncells;
	struct hop hops[HOPS];
	uint32_t nhops;
};

static uint64_t cell_at(uint64_t key, uint64_t mask)
{
	uint64_t h = key * 0x9e3779b97f4a7c15u;
	return (h ^ h >> 32) & mask;
}

static struct cell *cells_alloc(uint64_t n)
{
	struct cell *cells = pages_reserve(n * sizeof(*cells));
	if (!cells)
		arena_array_bytes(SIZE_MAX, sizeof(*cells)); // ends the process, as all of tool/ does
	return cells;
}

static void cells_free(struct cell *cells, uint64_t mask)
{
	pages_free(cells, (mask + 1) * sizeof(*cells));
}

static void linker_grow(struct linker *l)
{
	struct cell *old = l->cells;
	uint64_t nold = l->mask + 1;
	l->mask = l->mask * 2 + 1;
	l->cells = cells_alloc(l->mask + 1);
	for (uint64_t i = 0; i < nold; i++) {
		if (!old[i].key)
			continue;
		uint64_t at = cell_at(old[i].key, l->mask);
		while (l->cells[at].key)
			at = (at + 1) & l->mask;
		l->cells[at] = old[i];
	}
	cells_free(old, nold - 1);
}

static inline struct cell *find_cell(struct linker *l, uint64_t key)
{
	uint64_t at = cell_at(key, l->mask);
	while (l->cells[at].key != key) {
		if (!l->cells[at].key) {
			if (l->ncells * 2 > l->mask) {
				linker_grow(l);
				return find_cell(l, key);
			}
			l->ncells++;
			l->cells[at].key = key;
			l->cells[at].is_inline = true;
			break;
		}
		at = (at + 1) & l->mask;
	}
	return &l->cells[at];
}

// Where the walk from the root to the leaf of one sample stands.
struct walk {
	uint32_t parent; // with FRAMES_WANTED; FRAMES_NONE at first
	uint32_t place;  // of the last frame that stayed
	bool residual;   // something was left out since the parent
	uint32_t stamp;
	int64_t w, dw;
};

static void take_hops(struct linker *l, const struct walk *walk)
{
	for (uint32_t i = 0; i < l->nhops; i++) {
		const struct hop *hop = &l->hops[i];
		struct cell *c = find_cell(l, hop->key);
		if (c->stamp == walk->stamp)
			continue;
		c->stamp = walk->stamp;
		c->weight = wrap_add(c->weight, walk->w);
		c->weight_div = wrap_add(c->weight_div, walk->dw);
		c->residual |= hop->residual;
		c->is_inline &= hop->is_inline;
	}
	l->nhops = 0;
}

static inline void step(struct linker *l, struct walk *walk, uint32_t node, bool is_inline)
{
	if (node == FRAMES_NONE) {
		walk->residual = true;
		return;
	}
	if (walk->parent != FRAMES_NONE && walk->parent != node && (walk->parent | node) & FRAMES_WANTED) {
		if (l->nhops == HOPS)
			take_hops(l, walk);
		uint64_t src = walk->parent & ~FRAMES_WANTED, dst = node & ~FRAMES_WANTED;
		uint64_t key = (src + 1) << 32 | dst;
		__builtin_prefetch(&l->cells[cell_at(key, l->mask)], 1);
		l->hops[l->nhops++] = (struct hop){key, walk->residual, is_inline};
	}
	walk->parent = node;
	walk->residual = false;
}

static inline void link_frame(struct linker *l, struct walk *walk, uint32_t place, uint32_t code)
{
	walk->residual |= place + 1 != walk->place;
	walk->place = place;
	if (!(code & FRAMES_SEVERAL)) {
		step(l, walk, code, false);
		return;
	}
	const uint32_t *list = l->frames->lists + (code & ~FRAMES_SEVERAL);
	for (uint32_t j = list[0]; j > 0; j--)
		step(l, walk, list[j], j != list[0]);
}

// As a rule most frames are left out. Where the others are is found without a branch to mispredict; a stack without a
// wanted node gives no edge, and needs no walk.
static void link_sample(struct linker *l, struct walk *walk, struct stack stack)
{
	const struct frame_table *f = l->frames;
	uint32_t places[FRAMES_BATCH], codes[FRAMES_BATCH];
	for (uint32_t begin, end = stack.n; end; end = begin) {
		begin = end > FRAMES_BATCH ? end - FRAMES_BATCH : 0;
		uint32_t n = 0;
		unsigned roles = 0;
		for (uint32_t k = begin; k < end; k++) {
			unsigned role = f->roles[stack.locs[k]];
			places[n] = k;
			n += role & ROLE_STAYS;
			roles |= role;
		}
		if (!(roles & ROLE_WANTED) && !(walk->parent & FRAMES_WANTED))
			n = n > 0; // the last of them is the parent of what may follow
		frames_fetch(f, stack.locs, places, n, codes);
		for (; n; n--)
			link_frame(l, walk, places[n - 1], codes[n - 1]);
	}
	take_hops(l, walk);
}

static void link_range(void *state, struct sample_range range)
{
	struct linker *l = state;
	const struct profile *p = l->g->profile;
	uint32_t index = l->g->options.value_index;
	bool mean = l->g->options.mean;
	for (uint32_t i = range.begin; i < range.end && !cancelled(); i++) {
		const int64_t *values = profile_values(p, i);
		struct walk walk = {.parent = FRAMES_NONE, .stamp = i + 1, .w = values[index],
				.dw = mean ? values[0] : 0};
		if (walk.w != 0 || walk.dw != 0)
			link_sample(l, &walk, profile_stack(p, i));
	}
}

static void merge_cells(struct linker *into, const struct linker *from)
{
	for (uint64_t i = 0; i <= from->mask; i++) {
		const struct cell *c = &from->cells[i];
		if (!c->key)
			continue;
		struct cell *to = find_cell(into, c->key);
		to->weight = wrap_add(to->weight, c->weight);
		to->weight_div = wrap_add(to->weight_div, c->weight_div);
		to->residual |= c->residual;
		to->is_inline &= c->is_inline;
	}
}

static int edge_by_ends(const void *a, const void *b)
{
	const struct edge *l = a, *r = b;
	if (l->src != r->src)
		return l->src < r->src ? -1 : 1;
	return (l->dst > r->dst) - (l->dst < r->dst);
}

static void take_edges(struct graph *g, const struct linker *l)
{
	g->edges = arena_array(&g->arena, struct edge, l->ncells);
	g->nedges = 0;
	for (uint64_t i = 0; i <= l->mask; i++) {
		const struct cell *c = &l->cells[i];
		if (!c->key)
			continue;
		g->edges[g->nedges++] = (struct edge){.src = (uint32_t)(c->key >> 32) - 1,
				.dst = (uint32_t)c->key, .residual = c->residual, .is_inline = c->is_inline,
				.weight = c->weight, .weight_div = c->weight_div};
	}
	// The hash's order depends on the number of processors; reports shall not.
	qsort(g->edges, g->nedges, sizeof(g->edges[0]), edge_by_ends);
}

static void collect_edges(struct graph *g, const struct frame_table *frames)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct linker linkers[PARALLEL_MAX];
	uint32_t n = parallel_ranges(g->profile, ranges);

	for (uint32_t i = 0; i < n; i++)
		linkers[i] = (struct linker){.g = g, .frames = frames, .cells = cells_alloc(FIRST_CELLS),
				.mask = FIRST_CELLS - 1};
	parallel_run(ranges, n, linkers, sizeof(linkers[0]), link_range);
	for (uint32_t i = 1; i < n; i++) {
		merge_cells(&linkers[0], &linkers[i]);
		cells_free(linkers[i].cells, linkers[i].mask);
	}
	take_edges(g, &linkers[0]);
	cells_free(linkers[0].cells, linkers[0].mask);
}

void graph_link(struct graph *g, bool only_selected, const bool *wanted)
{
	struct arena scratch = {0};
	struct frame_table frames = frames_to_link(g, &scratch, only_selected, wanted);
	struct pass_key key = {PASS_LINK, g, &frames};
	size_t bytes;
	const struct edge *known = pass_cache_find(&key, &bytes);
	if (known) {
		g->nedges = (uint32_t)(bytes / sizeof(*known));
		g->edges = arena_array(&g->arena, struct edge, g->nedges);
		memcpy(g->edges, known, bytes);
	} else {
		collect_edges(g, &frames);
		pass_cache_keep(&key, g->edges, g->nedges * sizeof(*g->edges));
	}
	arena_deinit(&scratch);
	graph_index_edges(g);
}
