// SPDX-License-Identifier: MIT
// What stacks as nodes (node_stacks.h) weigh at their leaves, where nodes are hidden: the value of a stack is the flat
// one of the node nearest to its leaf that is shown. Cums are of no other's business.
#include "tool/graph/passes.h"

#include "base/cancel.h"

// A span that the row at hand is in; the node nearest to the leaf that is shown, of this and those around it.
struct step {
	uint32_t begin, shown;
};

struct search {
	const struct node_run *run;
	const bool *is_hidden;
	const int64_t *values; // of row 0, and each nvalues further
	uint32_t nvalues;
	const uint8_t *kept;
	struct step *path; // [run's max_depth + 1]; the first is around all
	uint32_t npath;
	uint64_t *flats; // [nnodes]
};

static void enter(struct search *s, const struct node_span *span)
{
	uint32_t node = span->entry & NODE_INDEX;
	uint32_t shown = s->is_hidden[node] ? s->path[s->npath - 1].shown : node;
	s->path[s->npath++] = (struct step){span->begin, shown};
}

// NODE_INDEX: none is shown.
static uint32_t shown_leaf(const struct search *s, const struct node_row *row)
{
	for (uint32_t k = row[1].begin; k-- > row->begin;)
		if (!s->is_hidden[s->run->nodes[k] & NODE_INDEX])
			return s->run->nodes[k] & NODE_INDEX;
	return s->path[s->npath - 1].shown;
}

// From the last row to the first, for so a span is met before those inside it.
static void search_rows(void *state, struct sample_range range)
{
	struct search *s = state;
	const struct node_run *run = s->run;
	uint32_t nspans = run->nspans;
	s->path[s->npath++] = (struct step){0, NODE_INDEX};
	for (uint32_t i = range.end; i-- > range.begin && !cancelled();) {
		while (s->path[s->npath - 1].begin > i)
			s->npath--;
		while (nspans && run->spans[nspans - 1].end == i + 1)
			enter(s, &run->spans[--nspans]);
		uint32_t leaf = run->rows[i].leaf;
		int64_t w = s->values[(size_t)i * s->nvalues] & node_run_mask(run, i, s->kept, true, NODE_ROWS_DOWN);
		if (!w || leaf == NODE_INDEX || !s->is_hidden[leaf])
			continue;
		leaf = shown_leaf(s, &run->rows[i]);
		if (leaf != NODE_INDEX)
			s->flats[leaf] += (uint64_t)w;
	}
}

void sum_hidden_leaves(const struct graph *g, const struct node_stacks *stacks, uint32_t value_index, uint64_t *flats)
{
	struct arena scratch = {0};
	struct search searches[PARALLEL_MAX];
	struct sample_range ranges[PARALLEL_MAX];
	for (uint32_t i = 0; i < stacks->nruns; i++) {
		const struct node_run *run = &stacks->runs[i];
		ranges[i] = (struct sample_range){0, run->nrows};
		searches[i] = (struct search){run, g->is_hidden, run->values + value_index,
				stacks->profile->nsample_types, g->profile->kept,
				arena_array(&scratch, struct step, (size_t)run->max_depth + 1), 0,
				arena_array(&scratch, uint64_t, g->nnodes)};
	}
	parallel_run(ranges, stacks->nruns, searches, sizeof(searches[0]), search_rows);
	for (uint32_t k = 0; k < stacks->nruns; k++)
		for (uint32_t i = 0; i < g->nnodes; i++)
			flats[i] += searches[k].flats[i];
	arena_deinit(&scratch);
}
