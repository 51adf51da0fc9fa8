// SPDX-License-Identifier: MIT
// -folded: a line a stack, "main;parse;read 12". The input of flamegraph.pl, inferno, speedscope and
// difffolded.pl. Values are as in the profile, but for divide_by. A ';' in a name becomes ':', a line end
// a blank, for the format knows no escapes.
#include "tool/export/stacks.h"
#include "tool/report/formats.h"

static void put_name(struct str name, struct buf *out)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		buf_byte(out, c == ';' ? ':' : c == '\n' || c == '\r' ? ' ' : c);
	}
}

struct err *report_write_folded(struct report *r, struct buf *out)
{
	struct stacks s;
	double ratio = r->options.ratio;
	stacks_create(r->profile, &s);
	for (uint32_t i = 0; i < s.n; i++) {
		const int64_t *values = s.values + (size_t)i * r->profile->nsample_types;
		const uint32_t *path;
		int64_t v = mean_value(values[r->options.value_index], r->options.mean ? values[0] : 0);
		if (ratio > 0 && ratio != 1)
			v = int64_of_double((double)v * ratio);
		if (!v)
			continue;
		uint32_t n = stacks_path(&s, i, &path);
		for (uint32_t k = 0; k < n; k++) {
			if (k)
				buf_byte(out, ';');
			put_name(graph_node_name(s.g, path[k]), out);
		}
		buf_byte(out, ' ');
		buf_i64(out, v);
		buf_byte(out, '\n');
	}
	stacks_destroy(&s);
	return NULL;
}
