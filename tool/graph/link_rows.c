// SPDX-License-Identifier: MIT
// Edges from stacks as nodes (node_stacks.h): those on what stacks share are counted when it leaves the path.
#include "tool/graph/linker.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/mem.h"
#include "tool/graph/node_rows.h"

static void enter(struct linker *l, struct walk *walk, uint32_t node, bool is_inline, uint32_t depth)
{
	struct step s = {node, depth, linker_hop(walk, node, is_inline), l->nrows, l->w, l->dw};
	if (s.hop.key) {
		struct edge_cell *c = edge_table_find(&l->table, s.hop.key);
		if (c->stamp == ON_PATH)
			s.hop.key = 0;
		c->stamp = ON_PATH;
	}
	l->path[l->npath++] = s;
	walk->parent = node;
}

static void leave(struct linker *l, uint32_t depth)
{
	if (l->nentered > depth)
		l->nentered = depth;
	while (l->npath && l->path[l->npath - 1].depth >= depth) {
		const struct step *s = &l->path[--l->npath];
		if (!s->hop.key)
			continue;
		struct edge_cell *c = edge_table_find(&l->table, s->hop.key);
		c->stamp = 0;
		if (l->nrows != s->nrows)
			edge_cell_count(c, s->hop.residual, s->hop.is_inline, wrap_sub(l->w, s->w),
					wrap_sub(l->dw, s->dw));
	}
}

// A step of the walk to a node that stays, at a depth.
static inline uint32_t walk_to(struct linker *l, struct walk *walk, uint32_t entry, uint32_t depth)
{
	uint32_t node = entry & NODE_INDEX;
	walk->residual = depth != walk->place + 1;
	walk->place = depth;
	return l->frames->node_roles[node] & ROLE_WANTED ? node | FRAMES_WANTED : node;
}

// Puts on the path what rows share and no row that counts had before.
static void enter_shared(struct linker *l, struct walk *walk, uint32_t depth)
{
	if (l->npath)
		walk->parent = l->path[l->npath - 1].node, walk->place = l->path[l->npath - 1].depth;
	for (; l->nentered < depth; l->nentered++) {
		uint32_t entry = l->shared[l->nentered];
		if (l->frames->node_roles[entry & NODE_INDEX])
			enter(l, walk, walk_to(l, walk, entry, l->nentered), entry & NODE_INLINED, l->nentered);
	}
}

// What no other row has. Without a wanted node it gives no edge, and needs no walk.
static void link_tail(struct linker *l, struct walk *walk, const uint32_t *nodes, uint32_t n, uint32_t depth)
{
	const uint8_t *node_roles = l->frames->node_roles;
	uint32_t places[FRAMES_BATCH];
	for (uint32_t begin = 0; begin < n; begin += FRAMES_BATCH) {
		uint32_t nplaces = 0, end = n - begin < FRAMES_BATCH ? n : begin + FRAMES_BATCH, i = 0;
		unsigned roles = 0;
		for (uint32_t k = begin; k < end; k++) {
			unsigned role = node_roles[nodes[k] & NODE_INDEX];
			places[nplaces] = k;
			nplaces += role & ROLE_STAYS;
			roles |= role;
		}
		if (nplaces && !(roles & ROLE_WANTED) && !(walk->parent & FRAMES_WANTED))
			i = nplaces - 1; // the parent of what may follow
		for (; i < nplaces; i++) {
			uint32_t entry = nodes[places[i]];
			linker_step(l, walk, walk_to(l, walk, entry, depth + places[i]), entry & NODE_INLINED);
		}
	}
	linker_take_hops(l, walk);
}

static void link_row(struct linker *l, struct walk *walk, const struct node_row *row, bool has_wanted)
{
	const uint32_t *own = l->run->nodes + row->begin, *end = l->run->nodes + row[1].begin;
	uint32_t depth = row->shared;
	for (; depth < row[1].shared; depth++)
		l->shared[depth] = *own++;
	if (walk->w || walk->dw) {
		enter_shared(l, walk, depth);
		if (has_wanted || walk->parent & FRAMES_WANTED)
			link_tail(l, walk, own, (uint32_t)(end - own), depth);
		l->nrows++;
		l->w = wrap_add(l->w, walk->w);
		l->dw = wrap_add(l->dw, walk->dw);
	}
	leave(l, row[1].shared);
}

void linker_take_rows(struct linker *l, struct sample_range range)
{
	uint32_t *wanted = mem_resize(NULL, l->g->nnodes, sizeof(*wanted)), nwanted = 0;
	uint8_t *has_wanted = mem_zeroed(l->run->nrows, 1);
	for (uint32_t i = 0; i < l->g->nnodes; i++)
		if (l->frames->node_roles[i] & ROLE_WANTED)
			wanted[nwanted++] = i;
	node_run_mark_alone(l->run, wanted, nwanted, has_wanted);
	for (uint32_t i = range.begin; i < range.end && !cancelled(); i++) {
		const int64_t *values = l->run->values + (size_t)i * l->profile->nsample_types;
		int64_t mask = node_run_mask(l->run, i, l->g->profile->kept, true);
		struct walk walk = {.parent = FRAMES_NONE, .stamp = l->nrows + 1,
				.w = values[l->g->options.value_index] & mask,
				.dw = l->g->options.mean ? values[0] & mask : 0};
		link_row(l, &walk, &l->run->rows[i], has_wanted[i]);
	}
	free(wanted);
	free(has_wanted);
}
