// SPDX-License-Identifier: MIT
// Fewer lines in a picture: a residual edge whose source reaches its destination by another way too says
// nothing new.
#include "tool/graph/graph.h"

struct search {
	struct graph *g;
	uint32_t *queue; // [nnodes]
	uint32_t *seen;  // [nnodes]; stamp of the search that was there
	uint32_t stamp;
};

// Breadth first from the destination along incoming edges.
static bool is_redundant(struct search *s, const struct edge *edge)
{
	const struct graph *g = s->g;
	uint32_t head = 0, tail = 0;
	s->stamp++;
	s->seen[edge->dst] = s->stamp;
	s->queue[tail++] = edge->dst;
	while (head < tail) {
		uint32_t n = s->queue[head++];
		for (uint32_t i = g->in_begin[n]; i < g->in_begin[n + 1]; i++) {
			const struct edge *e = &g->edges[g->in[i]];
			if (e->removed || e == edge || s->seen[e->src] == s->stamp)
				continue;
			if (e->src == edge->src)
				return true;
			s->seen[e->src] = s->stamp;
			s->queue[tail++] = e->src;
		}
	}
	return false;
}

void graph_remove_redundant_edges(struct graph *g)
{
	struct arena scratch = {0};
	struct search s = {g, arena_array(&scratch, uint32_t, g->nnodes),
			arena_array(&scratch, uint32_t, g->nnodes), 0};
	// The least important first, and nothing heavier than a direct call: that would mislead.
	for (uint32_t i = g->nselected; i-- > 0;) {
		const struct edge **in;
		uint32_t n = graph_sorted_edges(g, g->selected[i], EDGES_IN, &in);
		while (n-- > 0 && in[n]->residual)
			if (is_redundant(&s, in[n]))
				g->edges[in[n] - g->edges].removed = true;
	}
	arena_deinit(&scratch);
}
