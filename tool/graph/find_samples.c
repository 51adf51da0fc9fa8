// SPDX-License-Identifier: MIT
// Which samples have a location, answered from stacks as nodes (node_stacks.h): what many stacks share is looked at
// once, and of the rest only the rows that have the nodes.
#include "tool/graph/node_rows.h"
#include "tool/graph/pass_cache.h"

#include <stdlib.h>

#include "base/mem.h"

struct search {
	const struct node_run *run;
	const uint8_t *is_wanted; // [nnodes]
	const uint32_t *wanted;   // these nodes
	uint32_t nwanted;
	uint8_t *found; // [nsamples]
};

static void look_at_rows(const struct search *s, uint8_t *marks)
{
	const struct node_row *rows = s->run->rows;
	for (uint32_t i = 0; i < s->run->nrows; i++)
		for (uint32_t k = rows[i].begin; k < rows[i + 1].begin && !marks[i]; k++)
			marks[i] = s->is_wanted[s->run->nodes[k] & NODE_INDEX];
}

static void find_rows(void *state, struct sample_range range)
{
	const struct search *s = state;
	uint8_t *marks = mem_zeroed(range.end, 1);
	node_run_mark_shared(s->run, s->is_wanted, marks);
	// Of many nodes most rows share one already.
	if (node_run_count_alone(s->run, s->wanted, s->nwanted) < s->run->nrows)
		node_run_mark_alone(s->run, s->wanted, s->nwanted, marks);
	else
		look_at_rows(s, marks);
	for (uint32_t i = range.begin; i < range.end; i++)
		s->found[s->run->rows[i].sample] = marks[i];
	free(marks);
}

static void find_in_stacks(const struct node_stacks *stacks, const uint8_t *is_wanted, uint8_t *found)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct search searches[PARALLEL_MAX];
	uint32_t *wanted = mem_resize(NULL, stacks->nnodes, sizeof(*wanted)), n = 0;
	for (uint32_t i = 0; i < stacks->nnodes; i++)
		if (is_wanted[i])
			wanted[n++] = i;
	for (uint32_t i = 0; i < stacks->nruns; i++) {
		ranges[i] = (struct sample_range){0, stacks->runs[i].nrows};
		searches[i] = (struct search){&stacks->runs[i], is_wanted, wanted, n, found};
	}
	parallel_run(ranges, stacks->nruns, searches, sizeof(searches[0]), find_rows);
	free(wanted);
}

bool graph_find_samples(const struct profile *p, const uint8_t *flags, uint8_t flag, uint8_t *found_out)
{
	struct frame_table frames;
	const struct node_stacks *stacks = pass_cache_known_stacks(p, &frames);
	if (!stacks)
		return false;
	uint8_t *is_wanted = mem_resize(NULL, stacks->nnodes, 1);
	bool can = frames_find(&frames, p->nlocations, flags, flag, stacks->nnodes, is_wanted);
	if (can)
		find_in_stacks(stacks, is_wanted, found_out);
	free(is_wanted);
	return can;
}
