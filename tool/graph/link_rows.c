// SPDX-License-Identifier: MIT
// Edges from stacks as nodes (node_stacks.h): those on what stacks share are counted when it leaves the path.
#include "tool/graph/linker.h"

#include "base/cancel.h"

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

static void link_row(struct linker *l, struct walk *walk, const struct node_row *row)
{
	const struct frame_table *f = l->frames;
	const uint32_t *own = l->run->nodes + row->begin;
	uint32_t kept = row[1].shared, n = row[1].begin - row->begin, places[FRAMES_BATCH];
	bool counts = walk->w || walk->dw;
	if (!counts)
		n = kept > row->shared ? kept - row->shared : 0;
	if (l->npath)
		walk->parent = l->path[l->npath - 1].node, walk->place = l->path[l->npath - 1].depth;
	for (uint32_t begin = 0; begin < n; begin += FRAMES_BATCH) {
		uint32_t nplaces = 0;
		for (uint32_t k = begin; k < n && k < begin + FRAMES_BATCH; k++) {
			places[nplaces] = k;
			nplaces += f->node_stays[own[k] & NODE_INDEX];
		}
		for (uint32_t i = 0; i < nplaces; i++) {
			uint32_t node = own[places[i]], depth = row->shared + places[i];
			walk->residual = depth != walk->place + 1;
			walk->place = depth;
			if (depth < kept)
				enter(l, walk, f->nodes[node & NODE_INDEX], node & NODE_INLINED, depth);
			else
				linker_step(l, walk, f->nodes[node & NODE_INDEX], node & NODE_INLINED);
		}
	}
	linker_take_hops(l, walk);
	l->nrows += counts;
	l->w = wrap_add(l->w, walk->w);
	l->dw = wrap_add(l->dw, walk->dw);
	leave(l, kept);
}

void linker_take_rows(struct linker *l, struct sample_range range)
{
	for (uint32_t i = range.begin; i < range.end && !cancelled(); i++) {
		const int64_t *values = l->run->values + (size_t)i * l->profile->nsample_types;
		int64_t mask = node_run_mask(l->run, i, l->g->profile->kept, true);
		struct walk walk = {.parent = FRAMES_NONE, .stamp = l->nrows + 1,
				.w = values[l->g->options.value_index] & mask,
				.dw = l->g->options.mean ? values[0] & mask : 0};
		link_row(l, &walk, &l->run->rows[i]);
	}
}
