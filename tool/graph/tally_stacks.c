// SPDX-License-Identifier: MIT
// Flat and cum of every node, where the stacks are there as nodes (node_stacks.h): an addition a node that a stack does
// not share with the one before. The divisor of a mean is another value, added up alike.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/mem.h"

// A node that later rows share, and what all rows up to it weigh.
struct step {
	uint32_t node;
	uint64_t before;
};

struct tally {
	const struct node_run *run;
	const struct profile *profile; // the stacks', not the view
	const uint8_t *kept;
	uint32_t value_index;
	uint64_t *cums, *flats; // [nnodes]; they wrap, as Go's do
	struct step *path;
	uint32_t npath;
	uint64_t sum; // of all rows so far
};

static void leave(struct tally *t, uint32_t depth)
{
	while (t->npath > depth) {
		const struct step *s = &t->path[--t->npath];
		if (!(s->node & NODE_REPEATS))
			t->cums[s->node & NODE_INDEX] += t->sum - s->before;
	}
}

static inline void tally_row(struct tally *t, uint32_t row, uint64_t w)
{
	const struct node_row *rows = t->run->rows + row;
	const uint32_t *node = t->run->nodes + rows[0].begin, *end = t->run->nodes + rows[1].begin;
	uint32_t kept = rows[1].shared;
	if (node < end)
		t->flats[end[-1] & NODE_INDEX] += w;
	else if (t->npath)
		t->flats[t->path[t->npath - 1].node & NODE_INDEX] += w;
	for (; t->npath < kept; node++)
		t->path[t->npath++] = (struct step){*node, t->sum};
	for (; w && node < end; node++)
		t->cums[*node & NODE_INDEX] += *node & NODE_REPEATS ? 0 : w;
	t->sum += w;
	leave(t, kept);
}

static void tally_run(void *state, struct sample_range range)
{
	struct tally *t = state;
	for (uint32_t i = range.begin; i < range.end && !cancelled(); i++) {
		const int64_t *values = node_run_values(t->run, t->profile, t->kept, i);
		tally_row(t, i, values ? (uint64_t)values[t->value_index] : 0);
	}
}

static void tally_value(struct graph *g, const struct node_stacks *stacks, uint32_t value_index, bool is_divisor)
{
	struct arena scratch = {0};
	struct tally tallies[PARALLEL_MAX];
	struct sample_range ranges[PARALLEL_MAX];
	for (uint32_t i = 0; i < stacks->nruns; i++) {
		const struct node_run *run = &stacks->runs[i];
		ranges[i] = (struct sample_range){0, run->nrows};
		tallies[i] = (struct tally){run, stacks->profile, g->profile->kept, value_index,
				arena_array(&scratch, uint64_t, g->nnodes),
				arena_array(&scratch, uint64_t, g->nnodes),
				arena_array(&scratch, struct step, run->max_depth)};
	}
	parallel_run(ranges, stacks->nruns, tallies, sizeof(tallies[0]), tally_run);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct node *n = &g->nodes[i];
		int64_t *cum = is_divisor ? &n->cum_div : &n->cum, *flat = is_divisor ? &n->flat_div : &n->flat;
		for (uint32_t k = 0; k < stacks->nruns; k++) {
			*cum = wrap_add(*cum, (int64_t)tallies[k].cums[i]);
			*flat = wrap_add(*flat, (int64_t)tallies[k].flats[i]);
		}
	}
	arena_deinit(&scratch);
}

void tally_stacks(struct graph *g, const struct node_stacks *stacks)
{
	tally_value(g, stacks, g->options.value_index, false);
	if (g->options.mean)
		tally_value(g, stacks, 0, true);
}
