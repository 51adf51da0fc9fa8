// SPDX-License-Identifier: MIT
// -callgrind: the format of KCachegrind (https://valgrind.org/docs/manual/cl-format.html). A name is
// written once, with a number that stands for it from then on; addresses are relative where that is
// shorter.
#include "tool/measurement/measurement.h"
#include "tool/report/formats.h"

struct names {
	uint32_t *numbers; // [nstrings of the profile]; 0 until written
	uint32_t n;
};

struct writer {
	const struct report *r;
	struct graph *g;
	struct buf *out;
	struct names objfiles, files, functions;
	strid *shown_names; // [nnodes]; the function's name made distinct
};

static struct names names_create(struct writer *w)
{
	return (struct names){arena_array(&w->g->arena, uint32_t, w->g->profile->nstrings), 0};
}

static void put_number(struct writer *w, char before, int64_t v, const char *after)
{
	buf_byte(w->out, before);
	buf_i64(w->out, v);
	buf_cstr(w->out, after);
}

static void put_name(struct writer *w, const char *field, struct names *names, strid name)
{
	struct str s = profile_str(w->g->profile, name);
	buf_cstr(w->out, field);
	if (s.len) {
		bool is_known = names->numbers[name];
		if (!is_known)
			names->numbers[name] = ++names->n;
		put_number(w, '(', names->numbers[name], is_known ? ")" : ") ");
		if (!is_known)
			buf_str(w->out, s);
	}
	buf_byte(w->out, '\n');
}

static unsigned count_digits(uint64_t v, unsigned base)
{
	unsigned n = 1;
	while (v /= base)
		n++;
	return n;
}

static void put_address(struct writer *w, const struct node_info *before, uint64_t address)
{
	int64_t delta = before ? (int64_t)(address - before->address) : 0;
	if (before && !delta) {
		buf_byte(w->out, '*');
	} else if (before && 1 + count_digits((uint64_t)wrap_abs(delta), 10) < 2 + count_digits(address, 16)) {
		if (delta > 0)
			buf_byte(w->out, '+');
		buf_i64(w->out, delta);
	} else {
		buf_hex(w->out, address);
	}
}

static int64_t scaled(const struct writer *w, int64_t v)
{
	struct str unit;
	return int64_of_double(measurement_scale(v, w->r->options.sample_unit,
			w->r->options.output_unit, &unit));
}

static void put_node(struct writer *w, uint32_t node, const struct node_info *before)
{
	const struct node *n = &w->g->nodes[node];
	const struct node_info *info = &w->g->infos[n->info];
	if (!before || info->objfile != before->objfile || info->file != before->file ||
			info->name != before->name) {
		buf_byte(w->out, '\n');
		put_name(w, "ob=", &w->objfiles, info->objfile);
		put_name(w, "fl=", &w->files, info->file);
		put_name(w, "fn=", &w->functions, info->name);
	}
	put_address(w, before, info->address);
	put_number(w, ' ', info->line, "");
	put_number(w, ' ', scaled(w, mean_value(n->flat, n->flat_div)), "\n");

	const struct edge **out;
	uint32_t nout = graph_sorted_edges(w->g, node, EDGES_OUT, &out);
	for (uint32_t i = 0; i < nout; i++) {
		const struct node_info *callee = &w->g->infos[w->g->nodes[out[i]->dst].info];
		put_name(w, "cfl=", &w->files, callee->file);
		put_name(w, "cfn=", &w->functions, w->shown_names[out[i]->dst]);
		buf_cstr(w->out, "calls=0 ");
		put_address(w, before, callee->address);
		put_number(w, ' ', callee->line, "\n* *");
		put_number(w, ' ', scaled(w, out[i]->weight), "\n");
	}
}

struct err *report_write_callgrind(struct report *r, struct buf *out)
{
	struct graph_dropped dropped;
	r->options.node_count = 0;
	r->options.node_fraction = r->options.edge_fraction = 0;
	struct graph *g = report_trimmed_graph(r, &dropped);
	struct writer w = {.r = r, .g = g, .out = out};
	w.shown_names = callgrind_distinct_names(g);
	w.objfiles = names_create(&w);
	w.files = names_create(&w);
	w.functions = names_create(&w);

	buf_cstr(out, "positions: instr line\nevents: ");
	buf_str(out, r->options.sample_type);
	buf_byte(out, '(');
	buf_str(out, r->options.output_unit);
	buf_cstr(out, ")\n");
	const struct node_info *before = NULL;
	for (uint32_t i = 0; i < g->nselected; i++) {
		put_node(&w, g->selected[i], before);
		before = &g->infos[g->nodes[g->selected[i]].info];
	}
	graph_destroy(g);
	return NULL;
}
