// SPDX-License-Identifier: MIT
// See node_rows.h.
#include "tool/graph/node_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static uint32_t block_end(const struct node_run *run, uint32_t block)
{
	uint32_t begin = block * NODE_BLOCK_ROWS;
	return run->nrows - begin < NODE_BLOCK_ROWS ? run->nrows : begin + NODE_BLOCK_ROWS;
}

// A counting sort of the rows by their nodes.
static void fill_block(const struct node_run *run, uint32_t block, uint32_t nnodes)
{
	uint32_t first = block * NODE_BLOCK_ROWS, end = block_end(run, block);
	uint32_t *begin = mem_zeroed((size_t)nnodes + 2, sizeof(*begin));
	for (uint32_t i = first; i < end; i++)
		for (uint32_t k = run->rows[i].begin; k < run->rows[i + 1].begin; k++)
			begin[(run->nodes[k] & NODE_INDEX) + 2]++;
	for (uint32_t i = 2; i < nnodes + 2; i++)
		begin[i] += begin[i - 1];
	uint16_t *rows = mem_resize(NULL, begin[nnodes + 1], sizeof(*rows));
	for (uint32_t i = first; i < end; i++)
		for (uint32_t k = run->rows[i].begin; k < run->rows[i + 1].begin; k++)
			rows[begin[(run->nodes[k] & NODE_INDEX) + 1]++] = (uint16_t)(i - first);
	run->blocks[block] = (struct node_block){begin, rows};
}

void node_blocks_create(struct node_run *run, uint32_t nnodes)
{
	run->blocks = mem_zeroed(node_run_nblocks(run), sizeof(*run->blocks));
	for (uint32_t i = 0; i < node_run_nblocks(run); i++)
		fill_block(run, i, nnodes);
}

void node_blocks_destroy(struct node_run *run)
{
	for (uint32_t i = 0; run->blocks && i < node_run_nblocks(run); i++) {
		free(run->blocks[i].begin);
		free(run->blocks[i].rows);
	}
	free(run->blocks);
}

uint64_t node_run_count_alone(const struct node_run *run, const uint32_t *nodes, uint32_t n)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < node_run_nblocks(run); i++)
		for (uint32_t k = 0; k < n; k++)
			count += run->blocks[i].begin[nodes[k] + 1] - run->blocks[i].begin[nodes[k]];
	return count;
}

void node_run_mark_alone(const struct node_run *run, const uint32_t *nodes, uint32_t n, uint8_t *marks)
{
	for (uint32_t i = 0; i < node_run_nblocks(run); i++) {
		const struct node_block *b = &run->blocks[i];
		uint32_t first = i * NODE_BLOCK_ROWS;
		for (uint32_t k = 0; k < n; k++)
			for (uint32_t at = b->begin[nodes[k]]; at < b->begin[nodes[k] + 1]; at++)
				marks[first + b->rows[at]] = 1;
	}
}

// Backwards, those inside others come behind these.
void node_run_mark_shared(const struct node_run *run, const uint8_t *is_wanted, uint8_t *marks)
{
	uint32_t marked = UINT32_MAX; // from this row on, up to where the last span begins
	for (uint32_t i = run->nspans; i-- > 0;) {
		const struct node_span *s = &run->spans[i];
		if (!is_wanted[s->entry & NODE_INDEX] || s->begin >= marked)
			continue;
		memset(marks + s->begin, 1, s->end - s->begin);
		marked = s->begin;
	}
}

uint8_t *node_run_rows_to_walk(const struct node_run *run, const uint8_t *node_roles, uint32_t nnodes)
{
	uint32_t *wanted = mem_resize(NULL, nnodes, sizeof(*wanted)), nwanted = 0;
	uint8_t *marks = mem_zeroed(run->nrows, 1);
	for (uint32_t i = 0; i < nnodes; i++)
		if (node_roles[i] & ROLE_WANTED)
			wanted[nwanted++] = i;
	if (node_run_count_alone(run, wanted, nwanted) < run->nrows)
		node_run_mark_alone(run, wanted, nwanted, marks);
	else
		memset(marks, 1, run->nrows);
	free(wanted);
	return marks;
}

const struct node_span **node_run_spans_to_enter(const struct node_run *run, const uint8_t *node_roles,
		const struct node_span ***end_out)
{
	const struct node_span **spans = mem_resize(NULL, (size_t)run->nspans + 1, sizeof(*spans)), **end = spans;
	static const struct node_span none;
	*end++ = &none;
	for (uint32_t i = 0; i < run->nspans; i++) {
		*end = &run->spans[i];
		end += node_roles[run->spans[i].entry & NODE_INDEX] != 0;
	}
	*end_out = end - 1;
	return spans;
}
