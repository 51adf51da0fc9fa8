// SPDX-License-Identifier: MIT
// -proto: the profile as filters left it. -topproto: the lines of -top as a profile.
#include "tool/measurement/measurement.h"
#include "tool/profile/encode.h"
#include "tool/report/formats.h"

struct err *report_write_proto(struct report *r, struct buf *out)
{
	struct profile *p = r->profile;
	double ratio = r->options.ratio;
	if (ratio > 0 && ratio != 1) {
		profile_own(p, PROFILE_SAMPLES);
		size_t n = (size_t)p->nsamples * p->nsample_types;
		for (size_t i = 0; i < n; i++)
			p->values[i] = int64_of_double((double)p->values[i] * ratio);
	}
	profile_encode_gzip(p, out);
	return NULL;
}

static struct value_type value_type(struct profile *p, struct str type, struct str unit)
{
	return (struct value_type){profile_intern(p, type), profile_intern(p, unit)};
}

static int64_t scaled(const struct report *r, int64_t v)
{
	struct str unit;
	return int64_of_double(measurement_scale(v, r->options.sample_unit, r->options.output_unit,
			&unit));
}

// Nodes of one function share it; the list is as long as there are nodes, so look through a hash.
struct function_index {
	uint32_t *slots; // function + 1
	uint32_t mask;
};

static uint32_t find_function(struct profile *out, struct function_index *index, struct function f)
{
	uint64_t h = ((uint64_t)f.name << 32 ^ f.filename ^ (uint64_t)f.start_line << 16) *
			0x9e3779b97f4a7c15u;
	uint32_t at = (uint32_t)(h >> 32) & index->mask;
	for (; index->slots[at]; at = (at + 1) & index->mask) {
		const struct function *o = &out->functions[index->slots[at] - 1];
		if (o->name == f.name && o->filename == f.filename && o->start_line == f.start_line)
			return index->slots[at] - 1;
	}
	f.id = (uint64_t)out->nfunctions + 1;
	uint32_t function = profile_add_function(out, f);
	index->slots[at] = function + 1;
	return function;
}

static void add_node(const struct report *r, struct graph *g, uint32_t node, struct profile *out,
		struct function_index *index)
{
	const struct node *n = &g->nodes[node];
	const struct node_info *info = &g->infos[n->info];
	struct function f = {
		.name = profile_intern(out, profile_str(g->profile, info->name)),
		.filename = profile_intern(out, profile_str(g->profile, info->file)),
		.start_line = info->start_line,
	};
	struct line line = {.function = find_function(out, index, f), .line = info->line,
			.column = info->column};
	struct location l = {.id = (uint64_t)out->nlocations + 1, .address = info->address,
			.mapping = NO_INDEX};
	uint32_t location = profile_add_location(out, l, &line, 1);
	int64_t values[2] = {scaled(r, mean_value(n->cum, n->cum_div)),
			scaled(r, mean_value(n->flat, n->flat_div))};
	profile_add_sample(out, &location, 1, values, 0);
}

struct err *report_write_topproto(struct report *r, struct buf *out)
{
	const struct profile *p = r->profile;
	struct graph_dropped dropped;
	struct graph *g = report_trimmed_graph(r, &dropped);
	struct profile *top = profile_create();
	struct value_type types[2] = {value_type(top, STR("cum"), r->options.output_unit),
			value_type(top, STR("flat"), r->options.output_unit)};
	profile_set_sample_types(top, types, 2);
	top->time_nanos = p->time_nanos;
	top->duration_nanos = p->duration_nanos;
	top->has_period_type = p->has_period_type;
	top->period = p->period;
	if (p->has_period_type)
		top->period_type = value_type(top, profile_str(p, p->period_type.type),
				profile_str(p, p->period_type.unit));

	struct function_index index = {.mask = 63};
	while (index.mask < g->nselected * 2)
		index.mask = index.mask * 2 + 1;
	index.slots = arena_array(&g->arena, uint32_t, (size_t)index.mask + 1);
	for (uint32_t i = 0; i < g->nselected; i++)
		add_node(r, g, g->selected[i], top, &index);
	profile_encode_gzip(top, out);
	profile_destroy(top);
	graph_destroy(g);
	return NULL;
}
