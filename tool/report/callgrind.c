// SPDX-License-Identifier: MIT
// -callgrind: the format of KCachegrind (https://valgrind.org/docs/manual/cl-format.html). A name is
// written once, with a number that stands for it from then on; addresses are relative where that is
// shorter.
#include <inttypes.h>
#include <stdio.h>

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

static void put_name(struct writer *w, const char *field, struct names *names, strid name)
{
	struct str s = profile_str(w->g->profile, name);
	buf_cstr(w->out, field);
	if (s.len && names->numbers[name]) {
		buf_printf(w->out, "(%u)", names->numbers[name]);
	} else if (s.len) {
		names->numbers[name] = ++names->n;
		buf_printf(w->out, "(%u) ", names->n);
		buf_str(w->out, s);
	}
	buf_byte(w->out, '\n');
}

static void put_address(struct writer *w, const struct node_info *before, uint64_t address)
{
	char absolute[24], relative[24];
	if (before && before->address == address) {
		buf_byte(w->out, '*');
		return;
	}
	// Go's %#x writes 0x0, C's does not.
	int nabsolute = snprintf(absolute, sizeof(absolute), "0x%" PRIx64, address);
	int nrelative = before ? snprintf(relative, sizeof(relative), "%+" PRId64,
			(int64_t)(address - before->address)) : nabsolute;
	buf_cstr(w->out, nrelative < nabsolute ? relative : absolute);
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
	buf_printf(w->out, " %" PRId64 " %" PRId64 "\n", info->line,
			scaled(w, mean_value(n->flat, n->flat_div)));

	const struct edge **out;
	uint32_t nout = graph_sorted_edges(w->g, node, EDGES_OUT, &out);
	for (uint32_t i = 0; i < nout; i++) {
		const struct node_info *callee = &w->g->infos[w->g->nodes[out[i]->dst].info];
		put_name(w, "cfl=", &w->files, callee->file);
		put_name(w, "cfn=", &w->functions, w->shown_names[out[i]->dst]);
		buf_cstr(w->out, "calls=0 ");
		put_address(w, before, callee->address);
		buf_printf(w->out, " %" PRId64 "\n* * %" PRId64 "\n", callee->line,
				scaled(w, out[i]->weight));
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
