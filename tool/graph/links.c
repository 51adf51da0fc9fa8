// SPDX-License-Identifier: MIT
// The second pass: edges. Each sample adds its value once to every distinct pair of neighbours on its
// stack. Done only between the nodes that stay (graph.h says why that is enough).
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/mem.h"
#include "tool/graph/linker.h"
#include "tool/graph/pass_cache.h"

void linker_take_hops(struct linker *l, const struct walk *walk)
{
	for (uint32_t i = 0; i < l->nhops; i++) {
		const struct hop *hop = &l->hops[i];
		struct edge_cell *c = edge_table_find(&l->table, hop->key);
		if (c->stamp >= walk->stamp)
			continue;
		c->stamp = walk->stamp;
		edge_cell_count(c, hop->residual, hop->is_inline, walk->w, walk->dw);
	}
	l->nhops = 0;
}

static inline void link_frame(struct linker *l, struct walk *walk, uint32_t place, uint32_t code)
{
	walk->residual |= place + 1 != walk->place;
	walk->place = place;
	if (!(code & FRAMES_SEVERAL)) {
		linker_step(l, walk, code, false);
		return;
	}
	const uint32_t *list = l->frames->lists + (code & ~FRAMES_SEVERAL);
	for (uint32_t j = list[0]; j > 0; j--)
		linker_step(l, walk, list[j], j != list[0]);
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
	linker_take_hops(l, walk);
}

static void link_samples(struct linker *l, struct sample_range range)
{
	const struct profile *p = l->profile;
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

static void link_range(void *state, struct sample_range range)
{
	struct linker *l = state;
	if (l->run)
		linker_take_rows(l, range);
	else
		link_samples(l, range);
}

// A counting sort; those of equal ends stay in the order they have.
static void sort_edges(const struct graph *g, const struct edge *from, struct edge *to, enum edge_side side)
{
	uint32_t *at = mem_zeroed((size_t)g->nnodes + 1, sizeof(*at));
	for (uint32_t i = 0; i < g->nedges; i++)
		at[(side == EDGES_IN ? from[i].dst : from[i].src) + 1]++;
	for (uint32_t i = 1; i < g->nnodes; i++)
		at[i] += at[i - 1];
	for (uint32_t i = 0; i < g->nedges; i++)
		to[at[side == EDGES_IN ? from[i].dst : from[i].src]++] = from[i];
	free(at);
}

static void take_edges(struct graph *g, const struct edge_table *t)
{
	struct edge *edges = mem_resize(NULL, t->ncells, sizeof(*edges));
	g->edges = arena_array(&g->arena, struct edge, t->ncells);
	g->nedges = 0;
	for (uint64_t i = 0; i <= t->mask; i++) {
		const struct edge_cell *c = &t->cells[i];
		if (!c->key || !c->is_used)
			continue;
		g->edges[g->nedges++] = (struct edge){.src = (uint32_t)(c->key >> 32) - 1,
				.dst = (uint32_t)c->key, .residual = c->residual, .is_inline = c->is_inline,
				.weight = c->weight, .weight_div = c->weight_div};
	}
	// The hash's order depends on the number of processors; reports shall not.
	sort_edges(g, g->edges, edges, EDGES_IN);
	sort_edges(g, edges, g->edges, EDGES_OUT);
	free(edges);
}

static void collect_edges(struct graph *g, const struct frame_table *frames, bool only_to)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct linker linkers[PARALLEL_MAX];
	struct arena scratch = {0};
	const struct node_stacks *stacks = pass_cache_stacks(g);
	uint32_t n = stacks ? stacks->nruns : parallel_ranges(g->profile, ranges);

	for (uint32_t i = 0; i < n; i++) {
		linkers[i] = (struct linker){.g = g, .profile = stacks ? stacks->profile : g->profile,
				.frames = frames, .parent_bits = only_to ? ~FRAMES_WANTED : UINT32_MAX,
				.table = edge_table_create()};
		if (!stacks)
			continue;
		linkers[i].run = &stacks->runs[i];
		linkers[i].path = arena_array(&scratch, struct step, stacks->runs[i].max_depth);
		ranges[i] = (struct sample_range){0, stacks->runs[i].nrows};
	}
	parallel_run(ranges, n, linkers, sizeof(linkers[0]), link_range);
	for (uint32_t i = 1; i < n; i++) {
		edge_table_merge(&linkers[0].table, &linkers[i].table);
		edge_table_destroy(&linkers[i].table);
	}
	take_edges(g, &linkers[0].table);
	edge_table_destroy(&linkers[0].table);
	arena_deinit(&scratch);
}

void graph_link(struct graph *g, bool only_selected, const struct edge_wish *wish)
{
	struct arena scratch = {0};
	struct frame_table frames = frames_to_link(g, &scratch, only_selected, wish ? wish->nodes : NULL);
	bool only_to = wish && wish->only_to;
	struct pass_key key = {only_to ? PASS_LINK_TO : PASS_LINK, g, &frames};
	size_t bytes;
	const struct edge *known = pass_cache_find(&key, &bytes);
	if (known) {
		g->nedges = (uint32_t)(bytes / sizeof(*known));
		g->edges = arena_array(&g->arena, struct edge, g->nedges);
		memcpy(g->edges, known, bytes);
	} else {
		collect_edges(g, &frames, only_to);
		pass_cache_keep(&key, g->edges, g->nedges * sizeof(*g->edges));
	}
	arena_deinit(&scratch);
	graph_index_edges(g);
}
