// SPDX-License-Identifier: MIT
// Edges between few nodes (pair_table.h) from stacks as nodes (node_stacks.h), as a picture has them. The walk is that
// of link_rows.c, but for what most reports do not ask for: hidden nodes, roots, means.
#include "tool/graph/link_few.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/mem.h"
#include "tool/graph/node_rows.h"
#include "tool/graph/pair_table.h"

struct few_walk {
	uint32_t parent, place; // 0: no node has come that stays; the depth of the last that did
	uint32_t repeats;       // NODE_REPEATS: the parent stands nearer to the root, too
};

struct few_step {
	uint32_t begin;
	struct few_walk walk; // that goes on from here
	bool has_edge;        // the trail's next
	bool is_wanted;       // so is what it calls
	uint32_t nrows; // that were counted before it,
	uint64_t w;     // and what these weigh
};

struct few_linker {
	_Alignas(64) const struct graph *g; // no other linker writes into its cache lines
	const struct node_run *run;
	const uint16_t *ids; // as the next two, of pair_nodes
	const bool *is_wanted;
	uint32_t nids;
	bool only_to; // edges from wanted nodes are not
	const uint8_t *node_roles;
	uint64_t *cells;
	uint32_t *trail; // the edges of the stack at hand, root first
	uint32_t ntrail;
	struct few_step *path; // behind one around all
	uint32_t npath;
	uint32_t nrows; // counted so far,
	uint64_t w;     // and what they weigh
	uint64_t size;  // all bits that a weight has
};

static bool has_edge(const uint32_t *trail, const uint32_t *end, uint32_t cell)
{
	for (; trail < end; trail++)
		if (*trail >> PAIR_SHIFT == cell)
			return true;
	return false;
}

// A step to a node that stays. Adds the edge to it to the trail, if there is one, and the stack does not have it yet;
// returns the trail's new end.
static inline uint32_t *few_step_to(const struct few_linker *l, struct few_walk *walk, uint32_t id, uint32_t depth,
		uint32_t bits, uint32_t *end)
{
	uint32_t parent = walk->parent, cell = parent * l->nids + id;
	bool may_be_known = bits & walk->repeats & NODE_REPEATS;
	*end = cell << PAIR_SHIFT | PAIR_MET | (depth != walk->place + 1 ? PAIR_RESIDUAL : 0) |
			(bits & NODE_INLINED ? 0 : PAIR_CALLED);
	__builtin_prefetch(&l->cells[cell], 1);
	*walk = (struct few_walk){id, depth, bits};
	return end + (parent && parent != id && !(may_be_known && has_edge(l->trail, end, cell)));
}

static void few_enter(struct few_linker *l, const struct node_span *span, uint32_t id)
{
	struct few_walk walk = l->path[l->npath - 1].walk;
	const uint32_t *end = few_step_to(l, &walk, id, span->depth, span->entry, l->trail + l->ntrail);
	bool is_edge = end > l->trail + l->ntrail;
	l->ntrail += is_edge;
	bool is_wanted = !l->only_to && l->is_wanted[id];
	l->path[l->npath++] = (struct few_step){span->begin, walk, is_edge, is_wanted, l->nrows, l->w};
}

// Takes the spans off the path that begin at the row, or behind it.
static void few_leave(struct few_linker *l, uint32_t row)
{
	while (l->npath > 1 && l->path[l->npath - 1].begin >= row) {
		const struct few_step *s = &l->path[--l->npath];
		if (!s->has_edge)
			continue;
		l->ntrail--;
		if (l->nrows != s->nrows)
			pair_count(l->cells, l->trail[l->ntrail], l->w - s->w);
	}
}

// A row's own nodes. Where those are that stay is found without a branch to mispredict.
static void few_link_row(struct few_linker *l, const struct node_row *row, uint64_t w)
{
	const uint32_t *nodes = l->run->nodes + row->begin;
	uint32_t n = row[1].begin - row->begin;
	uint32_t *own = l->trail + l->ntrail, *end = own;
	struct few_walk walk = l->path[l->npath - 1].walk;
	for (uint32_t begin = 0; begin < n; begin += FRAMES_BATCH) {
		uint32_t to = n - begin < FRAMES_BATCH ? n : begin + FRAMES_BATCH, nstay = 0;
		uint32_t places[FRAMES_BATCH];
		uint16_t ids[FRAMES_BATCH];
		for (uint32_t k = begin; k < to; k++) {
			places[nstay] = k;
			ids[nstay] = l->ids[nodes[k] & NODE_INDEX];
			nstay += ids[nstay] != 0;
		}
		for (uint32_t i = 0; i < nstay; i++)
			end = few_step_to(l, &walk, ids[i], row->depth + places[i], nodes[places[i]], end);
	}
	for (; own < end; own++)
		pair_count(l->cells, *own, w);
}

static void few_take_rows(void *state, struct sample_range range)
{
	struct few_linker *l = state;
	const struct node_run *run = l->run;
	const struct node_span **span, **spans = node_run_spans_to_enter(run, l->node_roles, &span);
	uint32_t nvalues = l->g->profile->nsample_types;
	const int64_t *values = run->values + l->g->options.value_index;
	uint8_t *may_be_wanted = node_run_rows_to_walk(run, l->node_roles, l->g->nnodes);
	for (uint32_t i = range.end; i-- > range.begin && !cancelled();) {
		if (i + 1 == (*span)->end || l->path[l->npath - 1].begin > i) {
			few_leave(l, i + 1);
			for (; i + 1 == (*span)->end; span--)
				few_enter(l, *span, l->ids[(*span)->entry & NODE_INDEX]);
		}
		if (i >= NODE_ROWS_UP)
			__builtin_prefetch(&run->nodes[may_be_wanted[i - NODE_ROWS_UP] ?
					run->rows[i - NODE_ROWS_UP].begin : 0]);
		int64_t mask = node_run_mask(run, i, l->g->profile->kept, true, NODE_ROWS_DOWN);
		uint64_t w = (uint64_t)(values[(size_t)i * nvalues] & mask);
		if (w && (may_be_wanted[i] || l->path[l->npath - 1].is_wanted))
			few_link_row(l, &run->rows[i], w);
		l->nrows += w != 0;
		l->w += w;
		l->size |= (uint64_t)wrap_abs((int64_t)w);
	}
	few_leave(l, 0);
	free(spans);
	free(may_be_wanted);
}

// Whether no sum can have run into the sign.
static bool do_weights_fit(const struct few_linker *linkers, uint32_t nlinkers)
{
	uint64_t size = 0, nrows = 0;
	for (uint32_t i = 0; i < nlinkers; i++) {
		size |= linkers[i].size;
		nrows += linkers[i].nrows;
	}
	return pair_weights_fit(size, nrows);
}

bool link_few(const struct graph *g, const struct frame_table *frames, const struct node_stacks *stacks, bool only_to,
		struct arena *a, struct edge_list *list_out)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct few_linker linkers[PARALLEL_MAX];
	struct arena scratch = {0};
	struct pair_nodes nodes;
	uint64_t *tables[PARALLEL_MAX];
	if (g->options.mean || g->is_hidden || g->is_root || !pair_nodes_find(g, frames, &nodes, &scratch)) {
		arena_deinit(&scratch);
		return false;
	}
	for (uint32_t i = 0; i < stacks->nruns; i++) {
		const struct node_run *run = &stacks->runs[i];
		ranges[i] = (struct sample_range){0, run->nrows};
		linkers[i] = (struct few_linker){.g = g, .run = run, .ids = nodes.ids, .is_wanted = nodes.is_wanted,
				.node_roles = frames->node_roles,
				.nids = nodes.nids, .only_to = only_to, .cells = tables[i] = pair_table_create(&nodes),
				.trail = arena_array(&scratch, uint32_t, (size_t)run->max_depth + 1),
				.path = arena_array(&scratch, struct few_step, (size_t)run->max_depth + 1), .npath = 1};
	}
	parallel_run(ranges, stacks->nruns, linkers, sizeof(linkers[0]), few_take_rows);
	bool fit = do_weights_fit(linkers, stacks->nruns);
	if (fit && !cancelled())
		*list_out = pair_tables_take(&nodes, tables, stacks->nruns, only_to, a);
	for (uint32_t i = 0; i < stacks->nruns; i++)
		free(tables[i]);
	arena_deinit(&scratch);
	return fit;
}
