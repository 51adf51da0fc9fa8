// SPDX-License-Identifier: MIT
// Flat and cum of every node, where the stacks are there as nodes (node_stacks.h): an addition a node that one row has,
// and one a node that several share. The divisor of a mean is another value, added up alike. What all samples add up to
// is known, so where a filter keeps most of them, only the others are added up, and subtracted.
#include "tool/graph/passes.h"

#include <stdlib.h>

#include "base/cancel.h"

struct tally {
	const struct node_run *run;
	const int64_t *values; // of row 0, and each nvalues further
	uint32_t nvalues;
	const uint8_t *kept;
	bool which;
	const atomic_bool *stop;
	struct node_sums sums;
	uint64_t *before; // [nrows + 1]: what the rows before one weigh
};

static void tally_row(struct tally *t, const struct node_row *row, uint64_t w)
{
	const uint32_t *nodes = t->run->nodes;
	if (row->leaf != NODE_INDEX)
		t->sums.flats[row->leaf] += w;
	for (uint32_t i = row->begin; i < row[1].begin; i++)
		t->sums.cums[nodes[i] & NODE_INDEX] += nodes[i] & NODE_REPEATS ? 0 : w;
}

static void tally_run(void *state, struct sample_range range)
{
	struct tally *t = state;
	const struct node_run *run = t->run;
	for (uint32_t i = range.begin; i < range.end && !atomic_load_explicit(t->stop, memory_order_relaxed); i++) {
		if (i + NODE_ROWS_UP < range.end)
			__builtin_prefetch(&run->nodes[run->rows[i + NODE_ROWS_UP].begin]);
		int64_t mask = node_run_mask(run, i, t->kept, t->which, NODE_ROWS_UP);
		uint64_t w = (uint64_t)(t->values[(size_t)i * t->nvalues] & mask);
		t->before[i + 1] = t->before[i] + w;
		if (w)
			tally_row(t, &run->rows[i], w);
	}
	for (uint32_t i = 0; i < run->nspans; i++) {
		const struct node_span *s = &run->spans[i];
		uint64_t w = t->before[s->end] - t->before[s->begin];
		t->sums.cums[s->entry & NODE_INDEX] += s->entry & NODE_REPEATS ? 0 : w;
	}
}

struct node_sums node_stacks_sum(const struct node_stacks *s, uint32_t value_index, const uint8_t *kept, bool which,
		struct arena *a, const atomic_bool *stop)
{
	struct arena scratch = {0};
	struct tally tallies[PARALLEL_MAX];
	struct sample_range ranges[PARALLEL_MAX];
	struct node_sums sums = {arena_array(a, uint64_t, s->nnodes), arena_array(a, uint64_t, s->nnodes)};
	for (uint32_t i = 0; i < s->nruns; i++) {
		const struct node_run *run = &s->runs[i];
		ranges[i] = (struct sample_range){0, run->nrows};
		tallies[i] = (struct tally){run, run->values + value_index, s->profile->nsample_types, kept, which,
				stop, {arena_array(&scratch, uint64_t, s->nnodes),
				arena_array(&scratch, uint64_t, s->nnodes)},
				arena_array(&scratch, uint64_t, run->nrows + 1)};
	}
	parallel_run(ranges, s->nruns, tallies, sizeof(tallies[0]), tally_run);
	for (uint32_t k = 0; k < s->nruns; k++) {
		for (uint32_t i = 0; i < s->nnodes; i++) {
			sums.flats[i] += tallies[k].sums.flats[i];
			sums.cums[i] += tallies[k].sums.cums[i];
		}
	}
	arena_deinit(&scratch);
	return sums;
}

static inline void set_sums(struct node *n, bool is_divisor, uint64_t flat, uint64_t cum)
{
	*(is_divisor ? &n->flat_div : &n->flat) = (int64_t)flat;
	*(is_divisor ? &n->cum_div : &n->cum) = (int64_t)cum;
}

static bool tally_from_roots(struct graph *g, const struct node_stacks *stacks, uint32_t value_index, bool is_divisor)
{
	struct arena scratch = {0};
	uint64_t *flats = arena_array(&scratch, uint64_t, g->nnodes);
	uint64_t *cums = arena_array(&scratch, uint64_t, g->nnodes);
	bool can = sum_from_roots(g, stacks, value_index, flats, cums);
	for (uint32_t i = 0; i < g->nnodes; i++)
		set_sums(&g->nodes[i], is_divisor, flats[i], cums[i]);
	arena_deinit(&scratch);
	return can;
}

static bool tally_value(struct graph *g, const struct node_stacks *stacks, uint32_t value_index, bool is_divisor)
{
	if (g->is_root)
		return tally_from_roots(g, stacks, value_index, is_divisor);
	struct arena scratch = {0};
	const uint8_t *kept = g->profile->kept;
	const struct node_sums *all = &stacks->totals[value_index];
	bool subtracts = g->profile->nsamples > stacks->profile->nsamples / 2;
	const bool *is_hidden = g->is_hidden;
	struct node_sums some = {0};
	uint64_t *moved = is_hidden ? arena_array(&scratch, uint64_t, g->nnodes) : NULL;
	if (kept)
		some = node_stacks_sum(stacks, value_index, kept, !subtracts, &scratch, &cancel_flag);
	if (is_hidden)
		sum_hidden_leaves(g, stacks, value_index, moved);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		if (is_hidden && is_hidden[i])
			continue;
		uint64_t flat = kept ? some.flats[i] : 0, cum = kept ? some.cums[i] : 0;
		flat = (subtracts ? all->flats[i] - flat : flat) + (moved ? moved[i] : 0);
		cum = subtracts ? all->cums[i] - cum : cum;
		set_sums(&g->nodes[i], is_divisor, flat, cum);
	}
	arena_deinit(&scratch);
	return true;
}

bool tally_stacks(struct graph *g, const struct node_stacks *stacks)
{
	return tally_value(g, stacks, g->options.value_index, false) &&
			(!g->options.mean || tally_value(g, stacks, 0, true));
}
