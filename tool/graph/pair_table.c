// SPDX-License-Identifier: MIT
// See pair_table.h.
#include "tool/graph/pair_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// No table is larger than 32 MiB, and none is worth clearing for less than a sample in so many cells.
enum { MAX_NODES = 2047, CELLS_A_SAMPLE = 8, MIN_CELLS = 1 << 14 };

static int by_cum(const void *left, const void *right, void *arg)
{
	const struct node *nodes = arg;
	uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
	int64_t a = wrap_abs(nodes[l].cum), b = wrap_abs(nodes[r].cum);
	return a != b ? (a < b) - (a > b) : (l > r) - (l < r);
}

bool pair_nodes_find(const struct graph *g, const struct frame_table *frames, struct pair_nodes *nodes_out,
		struct arena *a)
{
	uint32_t n = 1;
	for (uint32_t i = 0; i < g->nnodes; i++)
		n += frames->node_roles[i] & ROLE_STAYS;
	if (n > MAX_NODES + 1 || (uint64_t)n * n > (uint64_t)g->profile->nsamples * CELLS_A_SAMPLE + MIN_CELLS)
		return false;
	*nodes_out = (struct pair_nodes){arena_array(a, uint16_t, g->nnodes), arena_array(a, uint32_t, n),
			arena_array(a, uint32_t, n), arena_array(a, bool, n), n};
	n = 1;
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (frames->node_roles[i] & ROLE_STAYS)
			nodes_out->nodes[n++] = i;
	qsort_r(nodes_out->nodes + 1, n - 1, sizeof(*nodes_out->nodes), by_cum, g->nodes);
	for (uint32_t i = 1; i < n; i++) {
		nodes_out->ids[nodes_out->nodes[i]] = (uint16_t)i;
		nodes_out->is_wanted[i] = frames->node_roles[nodes_out->nodes[i]] & ROLE_WANTED;
	}
	n = 1;
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (nodes_out->ids[i])
			nodes_out->sorted[n++] = nodes_out->ids[i];
	return true;
}

uint64_t *pair_table_create(const struct pair_nodes *nodes)
{
	size_t ncells = (size_t)nodes->nids * nodes->nids;
	uint64_t *cells = mem_zeroed(ncells, sizeof(*cells));
	pages_ask_huge(cells, ncells * sizeof(*cells));
	return cells;
}

// Takes the edges of some callers out of all tables.
struct pair_taker {
	const struct pair_nodes *nodes;
	uint64_t *const *tables;
	uint32_t ntables;
	bool only_to;
	struct edge *edges;
	uint32_t nedges, edges_cap;
};

// Adds up the cells of a caller, in the first table.
static const uint64_t *merge_cells(const struct pair_taker *t, uint32_t src)
{
	const uint64_t flags = (1 << PAIR_SHIFT) - 1;
	uint32_t n = t->nodes->nids;
	uint64_t *into = t->tables[0] + (size_t)src * n;
	for (uint32_t k = 1; k < t->ntables; k++) {
		const uint64_t *from = t->tables[k] + (size_t)src * n;
		for (uint32_t i = 0; i < n; i++)
			into[i] = ((into[i] & ~flags) + (from[i] & ~flags)) | ((into[i] | from[i]) & flags);
	}
	return into;
}

static void take_edges(void *state, struct sample_range srcs)
{
	struct pair_taker *t = state;
	const struct pair_nodes *nodes = t->nodes;
	for (uint32_t i = srcs.begin; i < srcs.end; i++) {
		uint32_t src = nodes->sorted[i];
		bool is_wanted = nodes->is_wanted[src] && !t->only_to;
		const uint64_t *cells = merge_cells(t, src);
		t->edges = mem_grow(t->edges, &t->edges_cap, t->nedges + nodes->nids, sizeof(*t->edges));
		for (uint32_t k = 1; k < nodes->nids; k++) {
			uint32_t dst = nodes->sorted[k];
			uint64_t cell = cells[dst];
			if (!(cell & PAIR_MET) || !(is_wanted || nodes->is_wanted[dst]))
				continue;
			t->edges[t->nedges++] = (struct edge){.src = nodes->nodes[src], .dst = nodes->nodes[dst],
					.residual = cell & PAIR_RESIDUAL, .is_inline = !(cell & PAIR_CALLED),
					.weight = (int64_t)cell >> PAIR_SHIFT};
		}
	}
}

struct edge_list pair_tables_take(const struct pair_nodes *nodes, uint64_t *const *tables, uint32_t ntables,
		bool only_to, struct arena *a)
{
	struct sample_range ranges[PARALLEL_MAX] = {0};
	struct pair_taker takers[PARALLEL_MAX];
	struct edge_list list = {0};
	for (uint32_t i = 0, from = 1; i < ntables; i++) {
		uint32_t end = 1 + (nodes->nids - 1) * (i + 1) / ntables;
		takers[i] = (struct pair_taker){nodes, tables, ntables, only_to, NULL, 0, 0};
		ranges[i] = (struct sample_range){from, end};
		from = end;
	}
	parallel_run(ranges, ntables, takers, sizeof(takers[0]), take_edges);
	for (uint32_t i = 0; i < ntables; i++)
		list.n += takers[i].nedges;
	list.edges = arena_array(a, struct edge, list.n);
	struct edge *to = list.edges;
	for (uint32_t i = 0; i < ntables; i++) {
		if (takers[i].nedges)
			memcpy(to, takers[i].edges, takers[i].nedges * sizeof(*to));
		to += takers[i].nedges;
		free(takers[i].edges);
	}
	return list;
}

static uint32_t bits_of(uint64_t v)
{
	return v ? 64 - (uint32_t)__builtin_clzll(v) : 0;
}

bool pair_weights_fit(uint64_t size, uint64_t nweights)
{
	return bits_of(size) + bits_of(nweights) < 64 - PAIR_SHIFT;
}
