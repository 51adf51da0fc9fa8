// SPDX-License-Identifier: MIT
// Reports of hostile profiles: what parses and checks out may still hold any numbers and names, and
// locations in any order. The first two bytes choose the report and the options.
#include "tool/profile/parse.h"
#include "tool/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Of these, list, disasm and weblist read files.
static const enum report_format formats[] = {REPORT_TEXT, REPORT_TREE, REPORT_TRACES, REPORT_TAGS,
		REPORT_COMMENTS, REPORT_RAW, REPORT_PROTO, REPORT_TOPPROTO, REPORT_CALLGRIND, REPORT_DOT,
		REPORT_FLAMEGRAPH, REPORT_FOLDED, REPORT_SPEEDSCOPE, REPORT_JSON};

static struct report_options options_of(struct profile *p, uint8_t which, uint8_t bits)
{
	const struct value_type *type = &p->sample_types[(bits >> 7) % p->nsample_types];
	return (struct report_options){
		.format = formats[which % (sizeof(formats) / sizeof(formats[0]))],
		.cum_sort = bits & 1,
		.call_tree = bits & 2,
		.drop_negative = bits & 4,
		.mean = bits & 8,
		.ratio = bits & 16 ? 1e-3 : 1,
		.node_count = bits & 32 ? 3 : 0,
		.node_fraction = bits & 64 ? 0.05 : 0,
		.edge_fraction = bits & 64 ? 0.01 : 0,
		.value_index = (uint32_t)(type - p->sample_types),
		.sample_type = profile_str(p, type->type),
		.sample_unit = profile_str(p, type->unit),
		.output_unit = STR("minimum"),
		.label_units = profile_label_units(p),
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct profile *p = NULL;
	if (size > 2 && !profile_parse(&a, data + 2, size - 2, &p)) {
		if (p->nsample_types) {
			struct report_options o = options_of(p, data[0], data[1]);
			struct buf out = {0};
			report_generate(report_new(p, &o), &out);
			buf_deinit(&out);
		}
		profile_destroy(p);
	}
	arena_deinit(&a);
	return 0;
}
