// SPDX-License-Identifier: MIT
// Makes the stacks of node_stacks.h: sorts the samples of a range, a thread each, and writes down what is new in each.
#include "tool/graph/node_stacks.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "tool/graph/node_rows.h"
#include "tool/graph/stack_sort.h"

struct step {
	uint32_t entry;
	uint32_t begin; // the first row that has it
};

struct builder {
	const struct profile *profile;
	const struct frame_table *frames;
	const atomic_bool *stop;
	size_t max_nodes;
	uint32_t nnodes;
	struct node_run *run;
	struct step *path; // the nodes of the last row
	uint32_t npath, path_cap;
	uint32_t at;      // of the row at hand, how many nodes there are; up to npath these are the last row's
	uint32_t shared;  // how many it has in common with the last row
	uint32_t *ends;   // how many nodes the path has up to a location
	uint32_t ends_cap;
	bool *is_on_path; // [nnodes]
};

static void leave(struct builder *b, uint32_t depth)
{
	struct node_run *run = b->run;
	while (b->npath > depth) {
		struct step s = b->path[--b->npath];
		if (!(s.entry & NODE_REPEATS))
			b->is_on_path[s.entry & NODE_INDEX] = false;
		if (run->nrows - s.begin < 2)
			continue;
		run->spans = mem_grow(run->spans, &run->spans_cap, run->nspans + 1, sizeof(*run->spans));
		run->spans[run->nspans++] = (struct node_span){s.entry, s.begin, run->nrows, b->npath};
	}
}

static void enter(struct builder *b, uint32_t node, bool is_inlined)
{
	uint32_t entry = node | (is_inlined ? NODE_INLINED : 0);
	if (b->shared == b->at && b->at < b->npath && (b->path[b->at].entry & ~NODE_REPEATS) == entry) {
		b->shared = ++b->at; // another location, but the same node
		return;
	}
	leave(b, b->at);
	entry |= b->is_on_path[node] ? NODE_REPEATS : 0;
	b->is_on_path[node] = true;
	b->path = mem_grow(b->path, &b->path_cap, b->npath + 1, sizeof(*b->path));
	b->path[b->npath++] = (struct step){entry, b->run->nrows};
	b->at++;
}

static void enter_location(struct builder *b, uint32_t location)
{
	uint32_t code = b->frames->codes[location];
	if (!(code & FRAMES_SEVERAL)) {
		enter(b, code, false);
		return;
	}
	const uint32_t *list = b->frames->lists + (code & ~FRAMES_SEVERAL);
	for (uint32_t i = list[0]; i > 0; i--)
		enter(b, list[i], i != list[0]);
}

// What the row at hand shares with the last one is in spans, and goes from that one's own nodes.
static void cut_last_row(struct builder *b, struct node_row *row)
{
	struct node_row *last = row - 1;
	if (!b->run->nrows || last->depth >= b->shared)
		return;
	uint32_t n = b->shared - last->depth, *own = b->run->nodes + last->begin;
	row->begin -= n;
	memmove(own, own + n, (row->begin - last->begin) * sizeof(*own));
	last->depth = b->shared;
}

// The nodes of a row, behind those of the one before; false where there is no room.
static bool write_nodes(struct builder *b, struct node_row *row)
{
	struct node_run *run = b->run;
	uint32_t n = b->npath - b->shared;
	size_t need = (size_t)row->begin + n, cap = run->nodes_cap ? run->nodes_cap : 1 << 16;
	if (need + run->nspans > b->max_nodes)
		return false;
	while (cap < need)
		cap *= 2;
	if (cap > run->nodes_cap) {
		uint32_t *nodes = pages_grow(run->nodes, run->nodes_cap * sizeof(*nodes), cap * sizeof(*nodes));
		if (!nodes)
			return false;
		run->nodes = nodes;
		run->nodes_cap = cap;
	}
	for (uint32_t i = 0; i < n; i++)
		run->nodes[row->begin + i] = b->path[b->shared + i].entry;
	row[1].begin = (uint32_t)need;
	return true;
}

static bool add_row(struct builder *b, uint32_t sample, uint32_t nshared)
{
	struct stack stack = profile_stack(b->profile, sample);
	struct node_row *row = &b->run->rows[b->run->nrows];
	b->shared = b->at = nshared ? b->ends[nshared - 1] : 0;
	b->ends = mem_grow(b->ends, &b->ends_cap, stack.n, sizeof(*b->ends));
	for (; nshared < stack.n; nshared++) {
		enter_location(b, stack_loc(stack, stack.n - 1 - nshared));
		b->ends[nshared] = b->at;
	}
	leave(b, b->at);
	cut_last_row(b, row);
	row->sample = sample;
	row->depth = b->shared;
	row->leaf = b->npath ? b->path[b->npath - 1].entry & NODE_INDEX : NODE_INDEX;
	if (b->npath > b->run->max_depth)
		b->run->max_depth = b->npath;
	if (!write_nodes(b, row))
		return false;
	b->run->nrows++;
	return true;
}

static void build_range(void *state, struct sample_range range)
{
	struct builder *b = state;
	struct node_run *run = b->run;
	uint32_t n = range.end - range.begin, *order = stack_sort(b->profile, range, b->stop);
	uint32_t nvalues = b->profile->nsample_types;
	run->rows = mem_zeroed((size_t)n + 1, sizeof(*run->rows));
	run->values = mem_resize(NULL, (size_t)n * nvalues, sizeof(*run->values));
	for (uint32_t i = 0; i < n && !atomic_load_explicit(b->stop, memory_order_relaxed); i++) {
		if (!add_row(b, order[i], i ? stack_shared(b->profile, order[i - 1], order[i]) : 0))
			break;
		memcpy(run->values + (size_t)i * nvalues, profile_values(b->profile, order[i]),
				nvalues * sizeof(*run->values));
	}
	leave(b, 0);
	if (run->nrows == n)
		node_blocks_create(run, b->nnodes);
	free(order);
	free(b->path);
	free(b->ends);
	free(b->is_on_path);
}

struct node_stacks *node_stacks_create(const struct profile *p, const struct frame_table *frames, uint32_t nnodes,
		const atomic_bool *stop)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct builder builders[PARALLEL_MAX];
	uint32_t nrows = 0;
	// A block has a word for each node.
	if ((p->nsamples / NODE_BLOCK_ROWS + 1) * (size_t)nnodes > p->nlocs + NODE_BLOCK_ROWS)
		return NULL;
	struct node_stacks *s = mem_zeroed(1, sizeof(*s));
	s->profile = p;
	s->nnodes = nnodes;
	s->nruns = parallel_ranges(p, ranges);
	for (uint32_t i = 0; i < s->nruns; i++)
		builders[i] = (struct builder){.profile = p, .frames = frames, .stop = stop, .max_nodes = p->nlocs,
				.nnodes = nnodes, .run = &s->runs[i], .is_on_path = mem_zeroed(nnodes, sizeof(bool))};
	parallel_run(ranges, s->nruns, builders, sizeof(builders[0]), build_range);
	for (uint32_t i = 0; i < s->nruns; i++)
		nrows += s->runs[i].nrows;
	s->totals = arena_array(&s->arena, struct node_sums, p->nsample_types);
	for (uint32_t i = 0; i < p->nsample_types && nrows == p->nsamples; i++)
		s->totals[i] = node_stacks_sum(s, i, NULL, 0, &s->arena, stop);
	if (nrows == p->nsamples && !atomic_load(stop))
		return s;
	node_stacks_destroy(s);
	return NULL;
}

void node_stacks_destroy(struct node_stacks *s)
{
	for (uint32_t i = 0; s && i < s->nruns; i++) {
		node_blocks_destroy(&s->runs[i]);
		free(s->runs[i].rows);
		free(s->runs[i].spans);
		free(s->runs[i].values);
		pages_free(s->runs[i].nodes, s->runs[i].nodes_cap * sizeof(*s->runs[i].nodes));
	}
	if (s)
		arena_deinit(&s->arena);
	free(s);
}
