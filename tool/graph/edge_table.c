// SPDX-License-Identifier: MIT
// See edge_table.h. Its memory is the heap's: the shell and the pages keep that for the next command.
#include "tool/graph/edge_table.h"

#include <stdlib.h>

#include "base/mem.h"

enum { FIRST_CELLS = 128 };

static void *array_alloc(uint64_t n, size_t size)
{
	void *array = mem_zeroed(n, size);
	pages_ask_huge(array, n * size);
	return array;
}

static struct edge_table table_of(uint64_t ncells, bool mean)
{
	struct edge_table t = {array_alloc(ncells, sizeof(*t.cells)), NULL, ncells - 1, 0};
	t.divs = mean ? array_alloc(ncells, sizeof(*t.divs)) : NULL;
	return t;
}

struct edge_table edge_table_create(bool mean)
{
	return table_of(FIRST_CELLS, mean);
}

void edge_table_destroy(struct edge_table *t)
{
	free(t->cells);
	free(t->divs);
}

static uint64_t free_cell(const struct edge_table *t, uint64_t key)
{
	uint64_t at = edge_table_at(t, key);
	while (t->cells[at].key)
		at = (at + 1) & t->mask;
	return at;
}

static void grow(struct edge_table *t)
{
	struct edge_table old = *t;
	*t = table_of((old.mask + 1) * 2, old.divs);
	t->ncells = old.ncells;
	for (uint64_t i = 0; i <= old.mask; i++) {
		if (!old.cells[i].key)
			continue;
		uint64_t at = free_cell(t, old.cells[i].key);
		t->cells[at] = old.cells[i];
		if (t->divs)
			t->divs[at] = old.divs[i];
	}
	edge_table_destroy(&old);
}

uint64_t edge_table_add(struct edge_table *t, uint64_t nodes)
{
	if (t->ncells * 2 > t->mask)
		grow(t);
	uint64_t at = free_cell(t, nodes);
	t->ncells++;
	t->cells[at].key = nodes;
	return at;
}

void edge_table_merge(struct edge_table *into, const struct edge_table *from)
{
	for (uint64_t i = 0; i <= from->mask; i++) {
		const struct edge_cell *c = &from->cells[i];
		if (c->key)
			edge_table_count(into, c->key, c->weight, from->divs ? from->divs[i] : 0);
	}
}
