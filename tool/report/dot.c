// SPDX-License-Identifier: MIT
// -dot: the call graph for graphviz. Size of a name says flat, colour cum, thickness of an arrow what went
// through it.
#include "tool/report/dot.h"

#include <inttypes.h>
#include <math.h>

#include "base/libm.h"
#include "base/path.h"
#include "tool/report/cells.h"
#include "tool/report/shortname.h"

struct drawing {
	const struct report *r;
	struct graph *g;
	struct buf *out;
	uint32_t *numbers; // [nnodes]: 1, 2, ... in order; 0 is not drawn
	bool *has_tags;
	double max_flat;
};

void dot_escape(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '\\' || c == '"')
			buf_byte(out, '\\');
		if (c == '\n')
			buf_cstr(out, "\\l");
		else
			buf_byte(out, c);
	}
}

static void put_legend(struct drawing *d, const struct graph_dropped *dropped)
{
	const struct report *r = d->r;
	struct buf labels = {0}, *out = d->out;
	size_t title_len = report_labels(r, d->g, dropped, true, &labels);
	struct str all = {labels.ptr, labels.len};

	buf_cstr(out, "digraph \"");
	dot_escape(r->options.title.len ? r->options.title : STR("unnamed"), out);
	buf_cstr(out, "\" {\nnode [style=filled fillcolor=\"#f8f8f8\"]\nsubgraph cluster_L { \"");
	dot_escape(str_slice(all, 0, title_len), out);
	buf_cstr(out, "\" [shape=box fontsize=16 label=\"");
	dot_escape(all, out);
	buf_cstr(out, "\\l\"");
	if (r->options.title.len) {
		buf_cstr(out, " tooltip=\"");
		dot_escape(r->options.title, out);
		buf_byte(out, '"');
	}
	buf_cstr(out, "] }\n");
	buf_deinit(&labels);
}

// Go writes the type parameters of a generic function as "[...]": these dots are no separators.
static bool is_ellipsis(struct str s, size_t i)
{
	return str_has_prefix(str_slice(s, i, s.len), STR("[...]"));
}

// A line for each part of a name; s is escaped already.
static void put_parts(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_ellipsis(s, i)) {
			buf_cstr(out, "[…]");
			i += 4;
		} else if (s.ptr[i] == '.') {
			buf_cstr(out, "\\n");
		} else if (s.ptr[i] == ':' && i + 1 < s.len && s.ptr[i + 1] == ':') {
			buf_cstr(out, "\\n");
			i++;
		} else {
			buf_byte(out, s.ptr[i]);
		}
	}
}

static void put_node_name(struct drawing *d, const struct node_info *info)
{
	struct buf escaped = {0}, name = {0}, whole = {0};
	struct str file = profile_str(d->g->profile, info->file);
	dot_escape(short_function_name(&d->g->arena, profile_str(d->g->profile, info->name)), &escaped);
	put_parts((struct str){escaped.ptr, escaped.len}, &name);
	node_info_print(d->g, info, (struct str){name.ptr, name.len},
			file.len ? path_base(file) : file, "\\n", &whole);
	buf_append(d->out, whole.ptr, whole.len);
	buf_cstr(d->out, "\\n");
	buf_deinit(&escaped);
	buf_deinit(&name);
	buf_deinit(&whole);
}

static void put_share(struct drawing *d, int64_t v)
{
	put_value(d->r, v, 0, d->out);
	buf_cstr(d->out, " (");
	put_percent_bare(v, d->r->total, d->out);
	buf_byte(d->out, ')');
}

static int64_t font_size(int64_t flat, double max_flat)
{
	double v = (double)wrap_abs(flat);
	if (max_flat == 0 || flat == 0 || v > max_flat)
		return 8;
	return (int64_t)(8 + (uint64_t)int64_of_double(ceil(16 * libm()->sqrt(v / max_flat))));
}

static double share_of(const struct drawing *d, int64_t v)
{
	return (double)v / (double)wrap_abs(d->r->total);
}

static void put_node(struct drawing *d, uint32_t node)
{
	struct buf *out = d->out;
	const struct node *n = &d->g->nodes[node];
	int64_t flat = mean_value(n->flat, n->flat_div), cum = mean_value(n->cum, n->cum_div);
	uint32_t number = d->numbers[node];

	buf_printf(out, "N%u [label=\"", number);
	put_node_name(d, &d->g->infos[n->info]);
	if (flat)
		put_share(d, flat);
	else
		buf_byte(out, '0');
	if (cum != flat) {
		buf_cstr(out, flat ? "\\nof " : " of ");
		put_share(d, cum);
	}
	buf_printf(out, "\" id=\"node%u\" fontsize=%" PRId64 " shape=box tooltip=\"", number,
			font_size(flat, d->max_flat));
	dot_escape(graph_node_name(d->g, node), out);
	buf_cstr(out, " (");
	put_value(d->r, cum, 0, out);
	buf_cstr(out, ")\" color=\"");
	dot_color(share_of(d, cum), false, out);
	buf_cstr(out, "\" fillcolor=\"");
	dot_color(share_of(d, cum), true, out);
	buf_cstr(out, "\"]\n");
}

// 1 and as many steps more as v has `steps`-ths of the total.
static int64_t thickness(const struct drawing *d, int64_t v, int64_t steps)
{
	int64_t n = wrap_abs(mean_value((int64_t)((uint64_t)v * (uint64_t)steps), d->r->total));
	return 1 + (n < steps ? n : steps);
}

static void put_tooltip(struct drawing *d, const char *attribute, const struct edge *e, int64_t v)
{
	buf_cstr(d->out, attribute);
	dot_escape(graph_node_name(d->g, e->src), d->out);
	buf_cstr(d->out, e->residual ? " ... " : " -> ");
	dot_escape(graph_node_name(d->g, e->dst), d->out);
	buf_cstr(d->out, " (");
	put_value(d->r, v, 0, d->out);
	buf_cstr(d->out, ")\"");
}

static void put_edge(struct drawing *d, const struct edge *e)
{
	struct buf *out = d->out;
	int64_t v = mean_value(e->weight, e->weight_div);
	buf_printf(out, "N%u -> N%u [label=\" ", d->numbers[e->src], d->numbers[e->dst]);
	put_value(d->r, v, 0, out);
	buf_cstr(out, e->is_inline ? "\\n (inline)\"" : "\"");
	if (d->r->total) {
		int64_t weight = thickness(d, v, 100), width = thickness(d, v, 5);
		if (weight > 1)
			buf_printf(out, " weight=%d", (int)weight);
		if (width > 1)
			buf_printf(out, " penwidth=%d", (int)width);
		buf_cstr(out, " color=\"");
		dot_color(share_of(d, v), false, out);
		buf_byte(out, '"');
	}
	put_tooltip(d, " tooltip=\"", e, v);
	put_tooltip(d, " labeltooltip=\"", e, v);
	if (e->residual)
		buf_cstr(out, " style=\"dotted\"");
	if (d->has_tags[e->src])
		buf_cstr(out, " minlen=2");
	buf_cstr(out, "]\n");
}

// Heaviest first, which is a hint to graphviz what to keep straight.
static void put_edges(struct drawing *d)
{
	struct graph *g = d->g;
	const struct edge **edges = arena_array(&g->arena, const struct edge *, g->nedges);
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->nedges; i++)
		if (!g->edges[i].removed && d->numbers[g->edges[i].src])
			edges[n++] = &g->edges[i];
	graph_sort_edges(g, edges, n);
	for (uint32_t i = 0; i < n; i++)
		put_edge(d, edges[i]);
}

struct err *report_write_dot(struct report *r, struct buf *out)
{
	struct graph_dropped dropped;
	struct graph *g = report_trimmed_graph(r, &dropped);
	struct drawing d = {.r = r, .g = g, .out = out};
	d.numbers = arena_array(&g->arena, uint32_t, g->nnodes);
	d.has_tags = arena_array(&g->arena, bool, g->nnodes);
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node *n = &g->nodes[g->selected[i]];
		d.numbers[g->selected[i]] = i + 1;
		double flat = (double)wrap_abs(mean_value(n->flat, n->flat_div));
		if (!i || flat > d.max_flat) // the smallest int64 stays below zero
			d.max_flat = flat;
	}
	put_legend(&d, &dropped);
	for (uint32_t i = 0; i < g->nselected; i++) {
		uint32_t node = g->selected[i];
		put_node(&d, node);
		d.has_tags[node] = dot_tags(r, g, node, i + 1, out);
	}
	put_edges(&d);
	buf_cstr(out, "}\n");
	graph_destroy(g);
	return NULL;
}
