// SPDX-License-Identifier: MIT
// The second pass: edges. Each sample adds its value once to every distinct pair of neighbours on its
// stack. Done only between the nodes that stay (graph.h says why that is enough).
#include "tool/graph/passes.h"

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/mem.h"
#include "tool/graph/link_few.h"
#include "tool/graph/linker.h"
#include "tool/graph/pass_cache.h"

enum { MAX_KNOWN_EDGES = 1 << 19 }; // 16 MiB

void linker_count(struct linker *l, const struct walk *walk)
{
	for (; l->ncounted < l->trail.n; l->ncounted++)
		edge_table_count(&l->table, l->trail.keys[l->ncounted], walk->w, walk->dw);
}

static inline void link_node(struct linker *l, struct walk *walk, uint32_t node, bool is_inline)
{
	if (node == FRAMES_NONE) {
		walk->residual = true;
		return;
	}
	uint32_t *seen = &l->seen[node & ~FRAMES_WANTED];
	linker_wait(l, walk, linker_step(l, walk, node, is_inline, *seen == walk->stamp));
	*seen = walk->stamp;
}

static inline void link_frame(struct linker *l, struct walk *walk, uint32_t place, uint32_t code)
{
	walk->residual |= place + 1 != walk->place;
	walk->place = place;
	if (!(code & FRAMES_SEVERAL)) {
		link_node(l, walk, code, false);
		return;
	}
	const uint32_t *list = l->frames->lists + (code & ~FRAMES_SEVERAL);
	for (uint32_t j = list[0]; j > 0; j--)
		link_node(l, walk, list[j], j != list[0]);
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
			unsigned role = f->roles[stack_loc(stack, k)];
			places[n] = k;
			n += role & ROLE_STAYS;
			roles |= role;
		}
		if (!(roles & ROLE_WANTED) && !(walk->parent & FRAMES_WANTED))
			n = n > 0; // the last of them is the parent of what may follow
		frames_fetch(f, stack, places, n, codes);
		for (; n; n--)
			link_frame(l, walk, places[n - 1], codes[n - 1]);
	}
	linker_count(l, walk);
	l->ncounted = 0;
	edge_trail_cut(&l->trail, 0);
}

static void link_samples(struct linker *l, struct sample_range range)
{
	const struct profile *p = l->profile;
	uint32_t index = l->g->options.value_index;
	bool mean = l->g->options.mean;
	for (uint32_t i = range.begin; i < range.end && !linker_stops(l); i++) {
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
static void sort_edges(struct edge_list list, uint32_t nnodes, struct edge *to, enum edge_side side)
{
	uint32_t *at = mem_zeroed((size_t)nnodes + 1, sizeof(*at));
	for (uint32_t i = 0; i < list.n; i++)
		at[(side == EDGES_IN ? list.edges[i].dst : list.edges[i].src) + 1]++;
	for (uint32_t i = 1; i < nnodes; i++)
		at[i] += at[i - 1];
	for (uint32_t i = 0; i < list.n; i++)
		to[at[side == EDGES_IN ? list.edges[i].dst : list.edges[i].src]++] = list.edges[i];
	free(at);
}

static struct edge_list take_edges(const struct edge_table *t, uint32_t nnodes, struct arena *a)
{
	struct edge_list list = {arena_array(a, struct edge, t->ncells), 0};
	struct edge *edges = mem_resize(NULL, t->ncells, sizeof(*edges));
	for (uint64_t i = 0; i <= t->mask; i++) {
		const struct edge_cell *c = &t->cells[i];
		if (!c->key)
			continue;
		list.edges[list.n++] = (struct edge){.src = (uint32_t)((c->key & EDGE_NODES) >> 30) - 1,
				.dst = c->key & FRAMES_NONE, .residual = c->key & EDGE_RESIDUAL,
				.is_inline = !(c->key & EDGE_CALLED), .weight = c->weight,
				.weight_div = t->divs ? t->divs[i] : 0};
	}
	// The hash's order depends on the number of processors; reports shall not.
	sort_edges(list, nnodes, edges, EDGES_IN);
	sort_edges((struct edge_list){edges, list.n}, nnodes, list.edges, EDGES_OUT);
	free(edges);
	return list;
}

// By linkers like one, of the stacks or, without them, of the samples. No edges where it gave up.
static struct edge_list collect_edges(const struct linker *like, const struct node_stacks *stacks, struct arena *a)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct linker linkers[PARALLEL_MAX];
	struct arena scratch = {0};
	uint32_t n = stacks ? stacks->nruns : parallel_ranges(like->g->profile, ranges);

	for (uint32_t i = 0; i < n; i++) {
		linkers[i] = *like;
		linkers[i].profile = stacks ? stacks->profile : like->g->profile;
		linkers[i].table = edge_table_create(like->g->options.mean);
		if (!stacks) {
			linkers[i].seen = arena_array(&scratch, uint32_t, like->g->nnodes);
			continue;
		}
		linkers[i].run = &stacks->runs[i];
		linkers[i].path = arena_array(&scratch, struct step, stacks->runs[i].max_depth);
		ranges[i] = (struct sample_range){0, stacks->runs[i].nrows};
	}
	parallel_run(ranges, n, linkers, sizeof(linkers[0]), link_range);
	bool gave_up = false;
	for (uint32_t i = 0; i < n; i++) {
		gave_up |= linker_stops(&linkers[i]);
		edge_trail_destroy(&linkers[i].trail);
	}
	for (uint32_t i = 1; i < n; i++) {
		if (!gave_up)
			edge_table_merge(&linkers[0].table, &linkers[i].table);
		edge_table_destroy(&linkers[i].table);
	}
	struct edge_list list = {0};
	if (!gave_up && !linker_stops(&linkers[0]))
		list = take_edges(&linkers[0].table, like->g->nnodes, a);
	edge_table_destroy(&linkers[0].table);
	arena_deinit(&scratch);
	return list;
}

void node_stacks_link(struct node_stacks *s, uint32_t value_index, bool mean, const atomic_bool *stop)
{
	struct profile all = {.nsamples = s->profile->nsamples}; // none of them left out
	struct graph g = {.profile = &all, .nnodes = s->nnodes,
			.options = {.value_index = value_index, .mean = mean}};
	uint8_t *roles = mem_resize(NULL, s->nnodes, 1);
	memset(roles, ROLE_STAYS | ROLE_WANTED, s->nnodes);
	struct frame_table frames = {.node_roles = roles};
	struct linker like = {.g = &g, .frames = &frames, .stop = stop, .max_edges = MAX_KNOWN_EDGES,
			.parent_bits = UINT32_MAX};
	s->edges = (struct node_edges){value_index, mean, collect_edges(&like, s, &s->arena)};
	free(roles);
}

// The edges between all nodes, if these are known of g's samples and values.
static const struct edge_list *known_edges(const struct graph *g, const struct node_stacks *stacks)
{
	const struct node_edges *e = stacks ? &stacks->edges : NULL;
	bool is_known = e && e->list.edges && !g->profile->kept && !g->is_hidden && !g->is_root &&
			e->value_index == g->options.value_index && e->mean == g->options.mean;
	return is_known ? &e->list : NULL;
}

static void choose_edges(struct graph *g, const struct edge_list *all, const struct edge_wish *wish)
{
	uint32_t *chosen = mem_resize(NULL, all->n, sizeof(*chosen)), n = 0;
	for (uint32_t i = 0; i < all->n; i++) {
		const struct edge *e = &all->edges[i];
		chosen[n] = i;
		n += !wish || wish->nodes[e->dst] || (!wish->only_to && wish->nodes[e->src]);
	}
	g->edges = arena_array(&g->arena, struct edge, n);
	g->nedges = n;
	for (uint32_t i = 0; i < n; i++)
		g->edges[i] = all->edges[chosen[i]];
	free(chosen);
}

static void find_edges(struct graph *g, const struct node_stacks *stacks, bool only_selected,
		const struct edge_wish *wish)
{
	g->nedges = 0;
	if (cancelled())
		return;
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
		struct linker like = {.g = g, .frames = &frames, .stop = &cancel_flag, .max_edges = UINT64_MAX,
				.parent_bits = only_to ? ~FRAMES_WANTED : UINT32_MAX};
		struct edge_list list = {0};
		if (!stacks || !link_few(g, &frames, stacks, only_to, &g->arena, &list))
			list = collect_edges(&like, stacks, &g->arena);
		g->edges = list.edges;
		g->nedges = list.n;
		pass_cache_keep(&key, g->edges, g->nedges * sizeof(*g->edges));
	}
	arena_deinit(&scratch);
}

void graph_link(struct graph *g, bool only_selected, const struct edge_wish *wish)
{
	const struct node_stacks *stacks = pass_cache_stacks(g);
	const struct edge_list *all = only_selected ? NULL : known_edges(g, stacks);
	if (all)
		choose_edges(g, all, wish);
	else
		find_edges(g, stacks, only_selected, wish);
	graph_index_edges(g);
}
