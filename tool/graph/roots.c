// SPDX-License-Identifier: MIT
// Flat and cum of every node where stacks as nodes (node_stacks.h) are cut: what is nearer to the root than the first
// node a stack may begin at is not there. Whether a stack repeats a node is asked anew, for the bit may tell of one
// that was cut off.
#include "tool/graph/passes.h"

#include "base/cancel.h"

// A span that the row at hand is in.
struct step {
	uint32_t begin, node;
	bool shows;      // it, or one around it, is of a root
	bool counts;     // it shows, and none around it that shows is of the same node
	uint64_t before; // what the rows weigh that came before it
};

struct tally {
	const struct node_run *run;
	const uint8_t *is_root;
	uint32_t cut;   // NODE_INLINED where what a root is inlined into does not show, else 0
	bool gave_up;   // in the midst of a stack there is such a root
	const int64_t *values; // of row 0, and each nvalues further
	uint32_t nvalues;
	const uint8_t *kept;
	struct step *path; // [run's max_depth + 1]; the first is around all
	uint32_t npath;
	uint32_t *nshown; // [nnodes]: how many spans of the path are of it, and show
	uint64_t w;       // what the rows so far weigh
	uint64_t *flats, *cums; // [nnodes]
};

// Behind a root what it is inlined into is not cut off.
static inline bool cuts(const struct tally *t, uint32_t entry, uint32_t caller)
{
	return entry & t->cut && t->is_root[entry & NODE_INDEX] && !t->is_root[caller & NODE_INDEX];
}

static void enter(struct tally *t, const struct node_span *span)
{
	uint32_t node = span->entry & NODE_INDEX;
	t->gave_up |= t->path[t->npath - 1].shows && cuts(t, span->entry, t->path[t->npath - 1].node);
	bool shows = t->path[t->npath - 1].shows || t->is_root[node];
	t->path[t->npath++] = (struct step){span->begin, node, shows, shows && !t->nshown[node], t->w};
	t->nshown[node] += shows;
}

// Takes the spans off the path that begin at the row, or behind it.
static void leave(struct tally *t, uint32_t row)
{
	while (t->npath > 1 && t->path[t->npath - 1].begin >= row) {
		const struct step *s = &t->path[--t->npath];
		t->nshown[s->node] -= s->shows;
		t->cums[s->node] += s->counts ? t->w - s->before : 0;
	}
}

static bool has_node(const uint32_t *entries, const uint32_t *end, uint32_t node)
{
	for (; entries < end; entries++)
		if ((*entries & NODE_INDEX) == node)
			return true;
	return false;
}

// A row's own nodes.
static void tally_row(struct tally *t, const struct node_row *row, uint64_t w)
{
	const uint32_t *at = t->run->nodes + row->begin, *end = t->run->nodes + row[1].begin;
	if (row->leaf != NODE_INDEX)
		t->flats[row->leaf] += w;
	while (!t->path[t->npath - 1].shows && at < end && !t->is_root[*at & NODE_INDEX])
		at++;
	uint32_t caller = t->path[t->npath - 1].shows ? t->path[t->npath - 1].node : at < end ? *at : 0;
	for (const uint32_t *first = at; at < end; caller = *at++) {
		uint32_t node = *at & NODE_INDEX;
		t->gave_up |= cuts(t, *at, caller);
		bool repeats = *at & NODE_REPEATS && (t->nshown[node] || has_node(first, at, node));
		t->cums[node] += repeats ? 0 : w;
	}
}

// From the last row to the first, for so a span is met before those inside it.
static void tally_rows(void *state, struct sample_range range)
{
	struct tally *t = state;
	const struct node_run *run = t->run;
	uint32_t nspans = run->nspans;
	t->path[t->npath++] = (struct step){0};
	for (uint32_t i = range.end; i-- > range.begin && !t->gave_up && !cancelled();) {
		leave(t, i + 1);
		while (nspans && run->spans[nspans - 1].end == i + 1)
			enter(t, &run->spans[--nspans]);
		if (i >= NODE_ROWS_UP)
			__builtin_prefetch(&run->nodes[run->rows[i - NODE_ROWS_UP].begin]);
		int64_t mask = node_run_mask(run, i, t->kept, true, NODE_ROWS_DOWN);
		uint64_t w = (uint64_t)(t->values[(size_t)i * t->nvalues] & mask);
		t->w += w;
		if (w)
			tally_row(t, &run->rows[i], w);
	}
	leave(t, 0);
}

bool sum_from_roots(const struct graph *g, const struct node_stacks *stacks, uint32_t value_index, uint64_t *flats,
		uint64_t *cums)
{
	struct arena scratch = {0};
	struct tally tallies[PARALLEL_MAX];
	struct sample_range ranges[PARALLEL_MAX];
	for (uint32_t i = 0; i < stacks->nruns; i++) {
		const struct node_run *run = &stacks->runs[i];
		ranges[i] = (struct sample_range){0, run->nrows};
		tallies[i] = (struct tally){.run = run, .is_root = g->is_root,
				.cut = g->may_be_cut ? NODE_INLINED : 0, .values = run->values + value_index,
				.nvalues = stacks->profile->nsample_types, .kept = g->profile->kept,
				.path = arena_array(&scratch, struct step, (size_t)run->max_depth + 1),
				.nshown = arena_array(&scratch, uint32_t, g->nnodes),
				.flats = arena_array(&scratch, uint64_t, g->nnodes),
				.cums = arena_array(&scratch, uint64_t, g->nnodes)};
	}
	parallel_run(ranges, stacks->nruns, tallies, sizeof(tallies[0]), tally_rows);
	bool gave_up = false;
	for (uint32_t k = 0; k < stacks->nruns; k++) {
		gave_up |= tallies[k].gave_up;
		for (uint32_t i = 0; i < g->nnodes; i++) {
			flats[i] += tallies[k].flats[i];
			cums[i] += tallies[k].cums[i];
		}
	}
	arena_deinit(&scratch);
	return !gave_up;
}
