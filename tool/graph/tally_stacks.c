// SPDX-License-Identifier: MIT
// Flat and cum of every node, where the stacks are there as nodes (node_stacks.h): an addition a node that a stack does
// not share with the one before. The divisor of a mean is another value, added up alike. What all samples add up to is
// known, so where a filter keeps most of them, only the others are added up, and subtracted.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"

// A node that later rows share, and what all rows up to it weigh.
struct step {
	uint32_t node;
	uint64_t before;
};

struct tally {
	const struct node_run *run;
	const int64_t *values;  // of row 0, and each nvalues further
	uint32_t nvalues;
	const uint8_t *kept;
	bool which;
	const atomic_bool *stop;
	struct node_sums sums;
	struct step *path;
	uint32_t npath;
	uint64_t sum; // of all rows so far
};

static void leave(struct tally *t, uint32_t depth)
{
	while (t->npath > depth) {
		const struct step *s = &t->path[--t->npath];
		if (!(s->node & NODE_REPEATS))
			t->sums.cums[s->node & NODE_INDEX] += t->sum - s->before;
	}
}

static inline void tally_row(struct tally *t, uint32_t row, uint64_t w)
{
	const struct node_row *rows = t->run->rows + row;
	const uint32_t *node = t->run->nodes + rows[0].begin, *end = t->run->nodes + rows[1].begin;
	uint32_t kept = rows[1].shared;
	if (node < end)
		t->sums.flats[end[-1] & NODE_INDEX] += w;
	else if (t->npath)
		t->sums.flats[t->path[t->npath - 1].node & NODE_INDEX] += w;
	for (; t->npath < kept; node++)
		t->path[t->npath++] = (struct step){*node, t->sum};
	for (; w && node < end; node++)
		t->sums.cums[*node & NODE_INDEX] += *node & NODE_REPEATS ? 0 : w;
	t->sum += w;
	leave(t, kept);
}

static void tally_run(void *state, struct sample_range range)
{
	struct tally *t = state;
	for (uint32_t i = range.begin; i < range.end && !atomic_load_explicit(t->stop, memory_order_relaxed); i++)
		tally_row(t, i, (uint64_t)(t->values[(size_t)i * t->nvalues] &
						   node_run_mask(t->run, i, t->kept, t->which)));
}

struct node_sums node_stacks_sum(const struct node_stacks *s, uint32_t value_index, const uint8_t *kept, bool which,
		struct arena *a, const atomic_bool *stop)
{
	struct tally tallies[PARALLEL_MAX];
	struct sample_range ranges[PARALLEL_MAX];
	for (uint32_t i = 0; i < s->nruns; i++) {
		const struct node_run *run = &s->runs[i];
		ranges[i] = (struct sample_range){0, run->nrows};
		tallies[i] = (struct tally){run, run->values + value_index, s->profile->nsample_types, kept, which,
				stop, {arena_array(a, uint64_t, s->nnodes), arena_array(a, uint64_t, s->nnodes)},
				arena_array(a, struct step, run->max_depth)};
	}
	parallel_run(ranges, s->nruns, tallies, sizeof(tallies[0]), tally_run);
	struct node_sums sums = tallies[0].sums;
	for (uint32_t k = 1; k < s->nruns; k++) {
		for (uint32_t i = 0; i < s->nnodes; i++) {
			sums.flats[i] += tallies[k].sums.flats[i];
			sums.cums[i] += tallies[k].sums.cums[i];
		}
	}
	return sums;
}

static void tally_value(struct graph *g, const struct node_stacks *stacks, uint32_t value_index, bool is_divisor)
{
	struct arena scratch = {0};
	const uint8_t *kept = g->profile->kept;
	const struct node_sums *all = &stacks->totals[value_index];
	bool subtracts = g->profile->nsamples > stacks->profile->nsamples / 2;
	struct node_sums some = {0};
	if (kept)
		some = node_stacks_sum(stacks, value_index, kept, !subtracts, &scratch, &cancel_flag);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct node *n = &g->nodes[i];
		uint64_t flat = kept ? some.flats[i] : 0, cum = kept ? some.cums[i] : 0;
		*(is_divisor ? &n->flat_div : &n->flat) = (int64_t)(subtracts ? all->flats[i] - flat : flat);
		*(is_divisor ? &n->cum_div : &n->cum) = (int64_t)(subtracts ? all->cums[i] - cum : cum);
	}
	arena_deinit(&scratch);
}

void tally_stacks(struct graph *g, const struct node_stacks *stacks)
{
	tally_value(g, stacks, g->options.value_index, false);
	if (g->options.mean)
		tally_value(g, stacks, 0, true);
}
