// SPDX-License-Identifier: MIT
// -top and -text: a line a node; and the same rows for who shows them otherwise.
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

void report_text_rows(struct report *r, struct buf *labels_out,
		void (*visit)(void *arg, const struct text_row *row), void *arg)
{
	static const char *const inline_labels[] = {
			[CALLED_INLINED] = "(inline)",
			[CALLED_DIRECTLY] = "",
			[CALLED_INLINED | CALLED_DIRECTLY] = "(partial-inline)",
	};
	struct graph_dropped dropped;
	struct graph *g = report_trimmed_graph(r, &dropped);
	const uint8_t *calls = calls_of_nodes(g);

	report_labels(r, g, &dropped, false, labels_out);
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node *n = &g->nodes[g->selected[i]];
		uint8_t call = calls[g->selected[i]];
		struct text_row row = {
				.name = graph_node_name(g, g->selected[i]),
				.function = profile_str(g->profile, g->infos[n->info].name),
				.inline_label = call ? inline_labels[call] : "",
				.flat = mean_value(n->flat, n->flat_div),
				.cum = mean_value(n->cum, n->cum_div),
		};
		visit(arg, &row);
	}
	graph_destroy(g);
}

struct table {
	struct report *report;
	struct buf *out;
	int64_t sum;
	bool has_head;
};

static void put_head(struct table *t)
{
	if (!t->has_head)
		buf_cstr(t->out, "\n      flat  flat%   sum%        cum   cum%\n");
	t->has_head = true;
}

static void put_row(void *arg, const struct text_row *row)
{
	struct table *t = arg;
	struct report *r = t->report;
	struct buf *out = t->out;
	put_head(t);
	t->sum = wrap_add(t->sum, row->flat);
	put_value(r, row->flat, 10, out);
	buf_byte(out, ' ');
	put_percent(row->flat, r->total, out);
	buf_byte(out, ' ');
	put_percent(t->sum, r->total, out);
	buf_byte(out, ' ');
	put_value(r, row->cum, 10, out);
	buf_byte(out, ' ');
	put_percent(row->cum, r->total, out);
	buf_cstr(out, "  ");
	buf_str(out, row->name);
	buf_cstr(out, *row->inline_label ? " " : "");
	buf_cstr(out, row->inline_label);
	buf_byte(out, '\n');
}

struct err *report_write_text(struct report *r, struct buf *out)
{
	struct table t = {r, out};
	report_text_rows(r, out, put_row, &t);
	put_head(&t);
	return NULL;
}
