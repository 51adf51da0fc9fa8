// SPDX-License-Identifier: MIT
// Edges from stacks as nodes (node_stacks.h): those on what rows share are counted when the last of these is through.
// From the last row to the first, for so a span is met before those inside it.
#include "tool/graph/linker.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tool/graph/node_rows.h"

// A step of the walk to a node that stays, at a depth.
static inline uint32_t walk_to(const struct linker *l, struct walk *walk, uint32_t entry, uint32_t depth)
{
	uint32_t node = entry & NODE_INDEX;
	walk->residual = depth != walk->place + 1;
	walk->place = depth;
	return l->frames->node_roles[node] & ROLE_WANTED ? node | FRAMES_WANTED : node;
}

// Past a hidden node: who called it is the caller of whom it calls, and what was inlined into it is inlined into that.
static inline void walk_past(struct walk *walk, uint32_t entry, uint32_t depth)
{
	if (depth == walk->place + 1)
		walk->place = depth;
	if (!(entry & NODE_INLINED) || depth == walk->outermost)
		walk->outermost = depth + 1;
}

// The key of the edge to a node on the way, or 0.
static inline uint64_t walk_on(struct linker *l, struct walk *walk, uint32_t entry, uint32_t depth)
{
	unsigned role = l->frames->node_roles[entry & NODE_INDEX];
	walk->has_begun |= (role & ROLE_ROOT) != 0;
	if (role & ROLE_HIDDEN)
		walk_past(walk, entry, depth);
	if (!walk->has_begun || !(role & ROLE_STAYS))
		return 0;
	uint32_t node = walk_to(l, walk, entry, depth);
	bool is_inline = entry & NODE_INLINED && depth != walk->outermost;
	return linker_step(l, walk, node, is_inline, entry & NODE_REPEATS);
}

static struct walk walk_from_path(const struct linker *l)
{
	if (!l->npath)
		return (struct walk){.parent = FRAMES_NONE, .has_begun = !l->g->is_root};
	const struct step *last = &l->path[l->npath - 1];
	return (struct walk){.parent = last->parent, .place = last->place, .outermost = last->outermost,
			.repeats = last->repeats, .has_begun = last->has_begun};
}

static void enter(struct linker *l, const struct node_span *span)
{
	struct walk walk = walk_from_path(l);
	uint64_t key = walk_on(l, &walk, span->entry, span->depth);
	if (key)
		edge_trail_add(&l->trail, key);
	l->path[l->npath++] = (struct step){span, walk.parent, walk.place, walk.outermost, walk.repeats,
			walk.has_begun, key, l->nrows, l->w, l->dw};
}

// Takes the spans off the path that begin at the row, or behind it.
static void leave(struct linker *l, uint32_t row)
{
	while (l->npath && l->path[l->npath - 1].span->begin >= row) {
		const struct step *s = &l->path[--l->npath];
		if (!s->key)
			continue;
		edge_trail_cut(&l->trail, l->trail.n - 1);
		if (l->nrows != s->nrows)
			edge_table_count(&l->table, s->key, wrap_sub(l->w, s->w), wrap_sub(l->dw, s->dw));
	}
}

// A row's own nodes. Without a wanted one they give no edge, and need no walk.
static void link_row(struct linker *l, struct walk *walk, const struct node_row *row)
{
	const uint8_t *node_roles = l->frames->node_roles;
	const uint32_t *nodes = l->run->nodes + row->begin;
	uint32_t places[FRAMES_BATCH], n = row[1].begin - row->begin, path_edges = l->trail.n;
	l->ncounted = path_edges;
	for (uint32_t begin = 0; begin < n; begin += FRAMES_BATCH) {
		uint32_t nplaces = 0, end = n - begin < FRAMES_BATCH ? n : begin + FRAMES_BATCH, i = 0;
		unsigned roles = 0;
		for (uint32_t k = begin; k < end; k++) {
			unsigned role = node_roles[nodes[k] & NODE_INDEX];
			places[nplaces] = k;
			nplaces += role != 0;
			roles |= role;
		}
		if (nplaces && !(roles & (ROLE_WANTED | ROLE_HIDDEN | ROLE_ROOT)) && !(walk->parent & FRAMES_WANTED))
			i = nplaces - 1; // the parent of what may follow
		for (; i < nplaces; i++)
			linker_wait(l, walk, walk_on(l, walk, nodes[places[i]], row->depth + places[i]));
	}
	linker_count(l, walk);
	edge_trail_cut(&l->trail, path_edges);
}

void linker_take_rows(struct linker *l, struct sample_range range)
{
	const struct node_run *run = l->run;
	const struct node_span **span, **spans = node_run_spans_to_enter(run, l->frames->node_roles, &span);
	uint8_t *may_be_wanted = node_run_rows_to_walk(run, l->frames->node_roles, l->g->nnodes);
	for (uint32_t i = range.end; i-- > range.begin && !linker_stops(l);) {
		if (i + 1 == (*span)->end || (l->npath && l->path[l->npath - 1].span->begin > i)) {
			leave(l, i + 1);
			for (; i + 1 == (*span)->end; span--)
				enter(l, *span);
		}
		if (i >= NODE_ROWS_UP) {
			uint32_t next = i - NODE_ROWS_UP;
			__builtin_prefetch(&run->nodes[may_be_wanted[next] ? run->rows[next].begin : 0]);
		}
		const int64_t *values = run->values + (size_t)i * l->profile->nsample_types;
		int64_t mask = node_run_mask(run, i, l->g->profile->kept, true, NODE_ROWS_DOWN);
		int64_t w = values[l->g->options.value_index] & mask, dw = l->g->options.mean ? values[0] & mask : 0;
		bool is_parent_wanted = l->npath && l->path[l->npath - 1].parent & FRAMES_WANTED;
		if ((may_be_wanted[i] || is_parent_wanted) && (w || dw)) {
			struct walk walk = walk_from_path(l);
			walk.w = w;
			walk.dw = dw;
			link_row(l, &walk, &run->rows[i]);
		}
		l->nrows += w || dw;
		l->w = wrap_add(l->w, w);
		l->dw = wrap_add(l->dw, dw);
	}
	leave(l, 0);
	free(spans);
	free(may_be_wanted);
}
