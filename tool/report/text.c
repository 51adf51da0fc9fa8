// SPDX-License-Identifier: MIT
// -top and -text: a line a node.
#include "tool/report/cells.h"
#include "tool/report/formats.h"

enum { CALLED_INLINED = 1, CALLED_DIRECTLY = 2 };

// How each node is called, from the edges that were not dropped.
static uint8_t *calls_of_nodes(struct graph *g)
{
	uint8_t *calls = arena_array(&g->arena, uint8_t, g->nnodes);
	for (uint32_t i = 0; i < g->nedges; i++)
		if (!g->edges[i].removed)
			calls[g->edges[i].dst] |= g->edges[i].is_inline ? CALLED_INLINED : CALLED_DIRECTLY;
	return calls;
}

struct err *report_write_text(struct report *r, struct buf *out)
{
	struct graph_dropped dropped;
	struct graph *g = report_trimmed_graph(r, &dropped);
	const uint8_t *calls = calls_of_nodes(g);
	int64_t sum = 0;

	report_labels(r, g, &dropped, false, out);
	buf_cstr(out, "\n      flat  flat%   sum%        cum   cum%\n");
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node *n = &g->nodes[g->selected[i]];
		int64_t flat = mean_value(n->flat, n->flat_div), cum = mean_value(n->cum, n->cum_div);
		uint8_t call = calls[g->selected[i]];
		sum = wrap_add(sum, flat);
		put_value(r, flat, 10, out);
		buf_byte(out, ' ');
		put_percent(flat, r->total, out);
		buf_byte(out, ' ');
		put_percent(sum, r->total, out);
		buf_byte(out, ' ');
		put_value(r, cum, 10, out);
		buf_byte(out, ' ');
		put_percent(cum, r->total, out);
		buf_cstr(out, "  ");
		buf_str(out, graph_node_name(g, g->selected[i]));
		if (call & CALLED_INLINED)
			buf_cstr(out, call & CALLED_DIRECTLY ? " (partial-inline)" : " (inline)");
		buf_byte(out, '\n');
	}
	graph_destroy(g);
	return NULL;
}
