// SPDX-License-Identifier: MIT
// -folded: a line a stack, "main;parse;read 12". The input of flamegraph.pl, inferno, speedscope and
// difffolded.pl. Values are as in the profile, but for divide_by. A ';' in a name becomes ':', a line end
// a blank, for the format knows no escapes.
#include "tool/export/stacks.h"
#include "tool/report/formats.h"

struct folder {
	struct stacks stacks;
	struct str *locations; // [nlocations]: the names of their lines, outermost first; ptr NULL until made
};

static void put_name(struct str name, struct buf *out)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		buf_byte(out, c == ';' ? ':' : c == '\n' || c == '\r' ? ' ' : c);
	}
}

static struct str location_names(struct folder *f, uint32_t location)
{
	struct str *s = &f->locations[location];
	if (!s->ptr) {
		struct graph *g = f->stacks.g;
		struct buf b = {0};
		uint32_t n;
		const uint32_t *nodes = graph_location_nodes(g, location, &n);
		for (uint32_t i = n; i-- > 0;) {
			put_name(graph_node_name(g, nodes[i]), &b);
			if (i)
				buf_byte(&b, ';');
		}
		*s = (struct str){arena_strndup(&g->arena, b.ptr, b.len), b.len};
		buf_deinit(&b);
	}
	return *s;
}

static void put_stack(struct folder *f, struct stack stack, int64_t v, struct buf *out)
{
	for (uint32_t k = stack.n; k-- > 0;) {
		buf_str(out, location_names(f, stack_loc(stack, k)));
		buf_byte(out, k ? ';' : ' ');
	}
	buf_i64(out, v);
	buf_byte(out, '\n');
}

struct err *report_write_folded(struct report *r, struct buf *out)
{
	const struct profile *p = r->profile;
	const struct report_options *o = &r->options;
	struct folder f;
	stacks_create(r->profile, &f.stacks);
	f.locations = arena_array(&f.stacks.arena, struct str, p->nlocations);
	for (uint32_t i = 0; i < f.stacks.n && !out->status; i++) {
		const int64_t *values = f.stacks.values + (size_t)i * p->nsample_types;
		int64_t v = mean_value(values[o->value_index], o->mean ? values[0] : 0);
		if (o->ratio > 0 && o->ratio != 1)
			v = int64_of_double((double)v * o->ratio);
		if (v)
			put_stack(&f, profile_stack(p, f.stacks.samples[i]), v, out);
	}
	stacks_destroy(&f.stacks);
	return NULL;
}
