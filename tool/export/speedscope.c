// SPDX-License-Identifier: MIT
// -speedscope: https://www.speedscope.app/file-format-schema.json. One "sampled" profile a sample type,
// over one list of frames; the chosen sample type is shown first. Stacks whose sum is not positive are
// left out, for speedscope draws widths.
#include "tool/export/jsonout.h"
#include "tool/export/stacks.h"
#include "tool/report/formats.h"

static struct str speedscope_unit(struct str unit)
{
	static const struct str known[] = {{"nanoseconds", 11}, {"microseconds", 12},
			{"milliseconds", 12}, {"seconds", 7}, {"bytes", 5}};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(unit, known[i]))
			return unit;
	return STR("none");
}

static void put_frames(struct graph *g, struct buf *out)
{
	buf_byte(out, '[');
	for (uint32_t i = 0; i < g->nnodes; i++) {
		const struct node_info *info = &g->infos[g->nodes[i].info];
		struct str file = profile_str(g->profile, info->file);
		buf_cstr(out, i ? ",\n{" : "\n{");
		put_json_key("name", true, out);
		put_json_string(graph_node_name(g, i), out);
		if (file.len) {
			put_json_key("file", false, out);
			put_json_string(file, out);
		}
		if (info->line) {
			put_json_key("line", false, out);
			buf_i64(out, info->line);
		}
		buf_byte(out, '}');
	}
	buf_cstr(out, "\n]");
}

static int64_t value_of(const struct stacks *s, uint32_t stack, uint32_t type)
{
	return s->values[(size_t)stack * s->g->profile->nsample_types + type];
}

static void put_samples(struct stacks *s, uint32_t type, struct buf *out)
{
	bool first = true;
	put_json_key("samples", false, out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < s->n && !out->status; i++) {
		const uint32_t *path;
		if (value_of(s, i, type) <= 0)
			continue;
		uint32_t n = stacks_path(s, i, &path);
		buf_cstr(out, first ? "\n[" : ",\n[");
		first = false;
		for (uint32_t k = 0; k < n; k++) {
			if (k)
				buf_byte(out, ',');
			buf_i64(out, path[k]);
		}
		buf_byte(out, ']');
	}
	buf_byte(out, ']');
}

static void put_weights(const struct stacks *s, uint32_t type, struct buf *out)
{
	bool first = true;
	put_json_key("weights", false, out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < s->n; i++) {
		int64_t v = value_of(s, i, type);
		if (v <= 0)
			continue;
		if (!first)
			buf_byte(out, ',');
		first = false;
		buf_i64(out, v);
	}
	buf_byte(out, ']');
}

static void put_profile(struct stacks *s, uint32_t type, struct buf *out)
{
	const struct profile *p = s->g->profile;
	int64_t total = 0;
	for (uint32_t i = 0; i < s->n; i++)
		if (value_of(s, i, type) > 0)
			total = wrap_add(total, value_of(s, i, type));
	buf_byte(out, '{');
	put_json_key("type", true, out);
	buf_cstr(out, "\"sampled\"");
	put_json_key("name", false, out);
	put_json_string(profile_str(p, p->sample_types[type].type), out);
	put_json_key("unit", false, out);
	put_json_string(speedscope_unit(profile_str(p, p->sample_types[type].unit)), out);
	put_json_key("startValue", false, out);
	buf_byte(out, '0');
	put_json_key("endValue", false, out);
	buf_i64(out, total);
	put_samples(s, type, out);
	put_weights(s, type, out);
	buf_byte(out, '}');
}

struct err *report_write_speedscope(struct report *r, struct buf *out)
{
	struct stacks s;
	stacks_create(r->profile, &s);
	buf_byte(out, '{');
	put_json_key("$schema", true, out);
	buf_cstr(out, "\"https://www.speedscope.app/file-format-schema.json\"");
	put_json_key("exporter", false, out);
	buf_cstr(out, "\"cprof@" CPROF_VERSION "\"");
	put_json_key("name", false, out);
	put_json_string(r->options.title.len ? r->options.title : STR("profile"), out);
	put_json_key("activeProfileIndex", false, out);
	buf_i64(out, r->options.value_index);
	put_json_key("shared", false, out);
	buf_cstr(out, "{\"frames\":");
	put_frames(s.g, out);
	buf_byte(out, '}');
	put_json_key("profiles", false, out);
	for (uint32_t i = 0; i < r->profile->nsample_types; i++) {
		buf_byte(out, i ? ',' : '[');
		put_profile(&s, i, out);
	}
	buf_cstr(out, "]}\n");
	stacks_destroy(&s);
	return NULL;
}
