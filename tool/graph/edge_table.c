// SPDX-License-Identifier: MIT
// See edge_table.h.
#include "tool/graph/edge_table.h"

#include "base/arena.h"
#include "base/mem.h"

enum { FIRST_CELLS = 128 };

static struct edge_cell *cells_alloc(uint64_t n)
{
	struct edge_cell *cells = pages_reserve(n * sizeof(*cells));
	if (!cells)
		arena_array_bytes(SIZE_MAX, sizeof(*cells)); // ends the process, as all of tool/ does
	return cells;
}

struct edge_table edge_table_create(void)
{
	return (struct edge_table){cells_alloc(FIRST_CELLS), FIRST_CELLS - 1, 0};
}

void edge_table_destroy(struct edge_table *t)
{
	pages_free(t->cells, (t->mask + 1) * sizeof(*t->cells));
}

static void grow(struct edge_table *t)
{
	struct edge_table old = *t;
	t->mask = t->mask * 2 + 1;
	t->cells = cells_alloc(t->mask + 1);
	for (uint64_t i = 0; i <= old.mask; i++) {
		if (!old.cells[i].key)
			continue;
		uint64_t at = edge_table_at(t, old.cells[i].key);
		while (t->cells[at].key)
			at = (at + 1) & t->mask;
		t->cells[at] = old.cells[i];
	}
	edge_table_destroy(&old);
}

struct edge_cell *edge_table_add(struct edge_table *t, uint64_t key)
{
	if (t->ncells * 2 > t->mask)
		grow(t);
	uint64_t at = edge_table_at(t, key);
	while (t->cells[at].key)
		at = (at + 1) & t->mask;
	t->ncells++;
	t->cells[at].key = key;
	t->cells[at].is_inline = true;
	return &t->cells[at];
}

void edge_table_merge(struct edge_table *into, const struct edge_table *from)
{
	for (uint64_t i = 0; i <= from->mask; i++) {
		const struct edge_cell *c = &from->cells[i];
		if (c->key && c->is_used)
			edge_cell_count(edge_table_find(into, c->key), c->residual, c->is_inline, c->weight,
					c->weight_div);
	}
}
