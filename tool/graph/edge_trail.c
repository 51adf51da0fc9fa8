// SPDX-License-Identifier: MIT
// See edge_trail.h.
#include "tool/graph/edge_trail.h"

#include <stdlib.h>

void edge_trail_destroy(struct edge_trail *t)
{
	free(t->keys);
	free(t->set);
}

// Where the nodes are in the set, or may be put.
static uint64_t *place_of(const struct edge_trail *t, uint64_t nodes)
{
	uint64_t h = nodes * 0x9e3779b97f4a7c15u;
	uint32_t at = (uint32_t)(h ^ h >> 32) & (t->set_cap - 1);
	while (t->set[at] && t->set[at] != nodes)
		at = (at + 1) & (t->set_cap - 1);
	return &t->set[at];
}

bool edge_trail_has(struct edge_trail *t, uint64_t key)
{
	if (t->n >= t->set_cap / 2) {
		t->set_cap = 64;
		while (t->n >= t->set_cap / 2)
			t->set_cap *= 2;
		free(t->set);
		t->set = mem_zeroed(t->set_cap, sizeof(*t->set));
		t->nset = 0;
	}
	for (; t->nset < t->n; t->nset++)
		*place_of(t, t->keys[t->nset] & EDGE_NODES) = t->keys[t->nset] & EDGE_NODES;
	return *place_of(t, key & EDGE_NODES) != 0;
}

void edge_trail_cut(struct edge_trail *t, uint32_t n)
{
	// The last first: behind its place none is that went on from there.
	while (t->nset > n)
		*place_of(t, t->keys[--t->nset] & EDGE_NODES) = 0;
	t->n = n;
}
