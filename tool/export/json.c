// SPDX-License-Identifier: MIT
// -json: what -top, -tree and -tags show, for programs. One object:
//
//   "sample_type", "unit"    strings; the unit of every value below, which are integers as in the profile
//   "total"                  sum of the absolute values of all samples (of the base's, of -diff_base)
//   "shown"                  sum of the flat values of the nodes below
//   "dropped_nodes"          how many were lighter than nodefraction
//   "time_ns", "duration_ns" of the profile; 0 is unknown
//   "comments"               array of strings
//   "nodes"                  in the order of -top: {"id", "name" (as -top prints it), "function", "file",
//                            "line", "address" ("0x..."), "flat", "cum"}; file, line and address only
//                            where the granularity keeps them
//   "edges"                  {"from", "to" (ids), "weight", "inline", "residual"}: callers to callees
//   "tags"                   {"key", "values": [{"value", "weight"}]}, heaviest first
//
// With -mean, flat, cum and weight are means. Keys may be added; none changes its meaning.
#include "tool/export/jsonout.h"
#include "tool/report/formats.h"
#include "tool/report/tagsums.h"

static void put_member(const char *key, int64_t v, bool first, struct buf *out)
{
	put_json_key(key, first, out);
	buf_i64(out, v);
}

static void put_head(const struct report *r, const struct graph *g,
		const struct graph_dropped *dropped, struct buf *out)
{
	const struct profile *p = r->profile;
	int64_t shown = 0;
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node *n = &g->nodes[g->selected[i]];
		shown = wrap_add(shown, mean_value(n->flat, n->flat_div));
	}
	put_json_key("sample_type", true, out);
	put_json_string(r->options.sample_type, out);
	put_json_key("unit", false, out);
	put_json_string(r->options.sample_unit, out);
	put_member("total", r->total, false, out);
	put_member("shown", shown, false, out);
	put_member("dropped_nodes", dropped->nodes, false, out);
	put_member("time_ns", p->time_nanos, false, out);
	put_member("duration_ns", p->duration_nanos, false, out);
	put_json_key("comments", false, out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < p->ncomments; i++) {
		if (i)
			buf_byte(out, ',');
		put_json_string(profile_str(p, p->comments[i]), out);
	}
	buf_byte(out, ']');
}

static void put_nodes(struct graph *g, struct buf *out)
{
	const struct profile *p = g->profile;
	put_json_key("nodes", false, out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node *n = &g->nodes[g->selected[i]];
		const struct node_info *info = &g->infos[n->info];
		buf_cstr(out, i ? ",\n{" : "\n{");
		put_member("id", i, true, out);
		put_json_key("name", false, out);
		put_json_string(graph_node_name(g, g->selected[i]), out);
		put_json_key("function", false, out);
		put_json_string(profile_str(p, info->name), out);
		if (info->file) {
			put_json_key("file", false, out);
			put_json_string(profile_str(p, info->file), out);
		}
		if (info->line)
			put_member("line", info->line, false, out);
		if (info->address) {
			put_json_key("address", false, out);
			buf_byte(out, '"');
			buf_hex(out, info->address);
			buf_byte(out, '"');
		}
		put_member("flat", mean_value(n->flat, n->flat_div), false, out);
		put_member("cum", mean_value(n->cum, n->cum_div), false, out);
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
}

static void put_edges(struct graph *g, struct buf *out)
{
	uint32_t *ids = arena_array(&g->arena, uint32_t, g->nnodes);
	bool first = true;
	for (uint32_t i = 0; i < g->nselected; i++)
		ids[g->selected[i]] = i;
	put_json_key("edges", false, out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct edge **edges;
		uint32_t n = graph_sorted_edges(g, g->selected[i], EDGES_OUT, &edges);
		for (uint32_t k = 0; k < n; k++) {
			const struct edge *e = edges[k];
			if (!g->is_selected[e->dst])
				continue;
			buf_cstr(out, first ? "\n{" : ",\n{");
			first = false;
			put_member("from", i, true, out);
			put_member("to", ids[e->dst], false, out);
			put_member("weight", mean_value(e->weight, e->weight_div), false, out);
			put_json_key("inline", false, out);
			buf_cstr(out, e->is_inline ? "true" : "false");
			put_json_key("residual", false, out);
			buf_cstr(out, e->residual ? "true}" : "false}");
		}
	}
	buf_byte(out, ']');
}

static void put_tags(struct report *r, struct buf *out)
{
	struct tag_sums sums = tag_sums_create(r);
	put_json_key("tags", false, out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < sums.n; i++) {
		const struct tag_sum *s = &sums.items[i];
		bool is_first_of_key = !i || sums.items[i - 1].key != s->key;
		if (is_first_of_key) {
			buf_cstr(out, i ? "]},\n{" : "\n{");
			put_json_key("key", true, out);
			put_json_string(profile_str(r->profile, s->key), out);
			put_json_key("values", false, out);
			buf_byte(out, '[');
		}
		buf_cstr(out, is_first_of_key ? "{" : ",{");
		put_json_key("value", true, out);
		put_json_string(profile_str(r->profile, s->name), out);
		put_member("weight", s->value, false, out);
		buf_byte(out, '}');
	}
	buf_cstr(out, sums.n ? "]}]" : "]");
	tag_sums_destroy(&sums);
}

struct err *report_write_json(struct report *r, struct buf *out)
{
	struct graph_dropped dropped;
	struct graph *g = report_trimmed_graph(r, &dropped);
	buf_byte(out, '{');
	put_head(r, g, &dropped, out);
	put_nodes(g, out);
	put_edges(g, out);
	put_tags(r, out);
	buf_cstr(out, "}\n");
	graph_destroy(g);
	return NULL;
}
