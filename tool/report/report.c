// SPDX-License-Identifier: MIT
// What all reports share: the total, the graph the options ask for, the unit. See report.h.
#include "tool/report/formats.h"

#include "base/path.h"
#include "tool/graph/pass_cache.h"
#include "tool/measurement/measurement.h"
#include "tool/profile/encode.h"

// Of a -diff_base report percentages are of the base: its samples carry a label.
static int64_t sum_total(const struct profile *p, const struct report_options *o)
{
	strid key = profile_find_string(p, STR("pprof::base"));
	strid yes = profile_find_string(p, STR("true"));
	int64_t total = 0, div = 0, base_total = 0, base_div = 0;
	for (uint32_t i = 0; i < p->nsamples; i++) {
		const int64_t *values = profile_values(p, i);
		int64_t v = wrap_abs(values[o->value_index]), d = o->mean ? values[0] : 0;
		uint32_t set = key != NO_INDEX ? profile_label_set(p, i) : 0;
		total = wrap_add(total, v);
		div = wrap_add(div, d);
		if (set && profile_set_has_label(p, set, key, yes)) {
			base_total = wrap_add(base_total, v);
			base_div = wrap_add(base_div, d);
		}
	}
	return base_total > 0 ? mean_value(base_total, base_div) : mean_value(total, div);
}

static int64_t total_of(const struct profile *p, const struct report_options *o)
{
	int64_t total;
	if (pass_cache_find_total(p, o->value_index, o->mean, &total))
		return total;
	total = sum_total(p, o);
	pass_cache_keep_total(p, o->value_index, o->mean, total);
	return total;
}

struct report *report_new(struct profile *p, const struct report_options *options)
{
	struct report *r = arena_new(&p->arena, struct report);
	r->profile = p;
	r->options = *options;
	r->total = total_of(p, options);
	return r;
}

static bool cut_prefix(struct str *path, struct str prefix)
{
	if (!prefix.len || !str_has_prefix(*path, prefix))
		return false;
	*path = str_slice(*path, prefix.len, path->len);
	return true;
}

// A prefix names a directory, with or without its last slash.
static bool cut_dir(struct str *path, struct str dir)
{
	struct str rest = *path;
	if (dir.len && !cut_prefix(&rest, dir))
		return false;
	if ((!dir.len || dir.ptr[dir.len - 1] != '/') && !cut_prefix(&rest, STR("/")))
		return false;
	*path = rest;
	return true;
}

// Sources at "…/project" and a file built at "/elsewhere/project/x.c": "x.c".
static bool cut_through_base(struct str *path, struct str dir)
{
	struct str base = path_base(dir);
	for (size_t i = 0; i + base.len + 2 <= path->len; i++) {
		const char *at = path->ptr + i;
		if (at[0] != '/' || memcmp(at + 1, base.ptr, base.len) != 0 || at[1 + base.len] != '/')
			continue;
		*path = str_slice(*path, i + base.len + 2, path->len);
		return true;
	}
	return false;
}

struct str report_trim_path(const struct report *r, struct str path)
{
	return report_trim_source(r, path, r->options.source_path);
}

struct str report_trim_source(const struct report *r, struct str path, struct str sources)
{
	struct str dirs = r->options.trim_path;
	while (!r->options.trim_path.len && sources.len)
		if (cut_through_base(&path, str_cut(&sources, ':')))
			return path;
	while (dirs.len)
		if (cut_dir(&path, str_cut(&dirs, ':')))
			return path;
	if (!cut_prefix(&path, STR("/proc/self/cwd/./")))
		cut_prefix(&path, STR("/proc/self/cwd/"));
	return path;
}

static bool keeps_obj_names(enum report_format f)
{
	return f == REPORT_RAW || f == REPORT_LIST || f == REPORT_WEBLIST || f == REPORT_DISASM ||
			f == REPORT_CALLGRIND;
}

struct graph *report_graph(struct report *r)
{
	struct profile *p = r->profile;
	const struct report_options *o = &r->options;
	bool is_drawn = o->format == REPORT_DOT || o->format == REPORT_CALLGRIND;
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		struct str file = profile_str(p, p->functions[i].filename);
		struct str trimmed = report_trim_path(r, file);
		if (trimmed.len == file.len)
			continue;
		profile_own(p, PROFILE_PLACES);
		p->functions[i].filename = profile_intern(p, trimmed);
	}
	struct graph_options go = {
		.value_index = o->value_index,
		.mean = o->mean,
		.obj_names = keeps_obj_names(o->format),
		.call_tree = o->call_tree && is_drawn,
		.drop_negative = o->drop_negative,
		.with_tags = o->format == REPORT_DOT,
		.bytes_unit = label_units_get(p, &o->label_units, STR("bytes")),
		.output_unit = o->output_unit,
		.named = o->format == REPORT_LIST ? o->symbol : NULL,
	};
	return graph_create(p, &go);
}

static int64_t smallest_value(const struct graph *g)
{
	int64_t min = 0;
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node *n = &g->nodes[g->selected[i]];
		int64_t v = wrap_abs(mean_value(n->flat, n->flat_div));
		if (!v)
			v = wrap_abs(mean_value(n->cum, n->cum_div));
		if (v > 0 && (!min || v < min))
			min = v;
	}
	return min;
}

// One unit for the whole report, in which its smallest value still shows; but not so small a unit that
// the total becomes unreadable.
static void settle_unit(struct report *r, const struct graph *g)
{
	struct report_options *o = &r->options;
	if (!str_eq(o->output_unit, STR("minimum")) || !g->nselected)
		return;
	int64_t min = smallest_value(g), max = r->total;
	if (!min)
		min = max;
	if (o->ratio > 0 && o->ratio != 1) {
		min = int64_of_double((double)min * o->ratio);
		max = int64_of_double((double)max * o->ratio);
	}
	struct str min_unit, max_unit;
	measurement_scale(min, o->sample_unit, STR("minimum"), &min_unit);
	measurement_scale(max, o->sample_unit, STR("minimum"), &max_unit);
	int64_t min100 = (int64_t)((uint64_t)min * 100);
	if (!str_eq(min_unit, max_unit) && min100 < max && o->format != REPORT_CALLGRIND)
		measurement_scale(min100, o->sample_unit, STR("minimum"), &min_unit);
	o->output_unit = min_unit.len ? min_unit : o->sample_unit;
}

// Whose edges are shown: in a text inlined nodes are marked, by edges to them; -peek shows those of nodes that match.
static const bool *wanted_nodes(struct report *r, struct graph *g)
{
	const struct report_options *o = &r->options;
	if (o->format == REPORT_TEXT)
		return graph_may_inline(g);
	if (o->format == REPORT_TOPPROTO)
		return arena_array(&g->arena, bool, g->nnodes);
	if (o->format != REPORT_TREE || !o->symbol)
		return NULL;
	bool *wanted = arena_array(&g->arena, bool, g->nnodes);
	for (uint32_t i = 0; i < g->nselected; i++)
		wanted[g->selected[i]] = regex_match(o->symbol, graph_node_name(g, g->selected[i]));
	return r->matches = wanted;
}

struct graph *report_trimmed_graph(struct report *r, struct graph_dropped *dropped_out)
{
	const struct report_options *o = &r->options;
	bool is_visual = o->format == REPORT_DOT;
	struct graph *g = report_graph(r);
	struct edge_wish wish = {wanted_nodes(r, g), o->format == REPORT_TEXT};
	struct graph_cuts cuts = {
		.order = is_visual ? ORDER_ENTROPY : r->matches ? ORDER_NONE : o->cum_sort ? ORDER_CUM : ORDER_FLAT,
		.is_visual = is_visual,
		.wish = wish.nodes ? &wish : NULL,
		.node_count = o->node_count,
		.node_fraction = o->node_fraction,
		.edge_fraction = o->edge_fraction,
	};
	graph_trim(g, &cuts, dropped_out);
	settle_unit(r, g);
	return g;
}

static struct err *write_comments(struct report *r, struct buf *out)
{
	for (uint32_t i = 0; i < r->profile->ncomments; i++) {
		buf_str(out, profile_str(r->profile, r->profile->comments[i]));
		buf_byte(out, '\n');
	}
	return NULL;
}

static struct err *write_raw(struct report *r, struct buf *out)
{
	profile_dump(r->profile, out);
	return NULL;
}

static report_writer *const writers[] = {
	[REPORT_TEXT] = report_write_text,
	[REPORT_TREE] = report_write_tree,
	[REPORT_TRACES] = report_write_traces,
	[REPORT_TAGS] = report_write_tags,
	[REPORT_COMMENTS] = write_comments,
	[REPORT_RAW] = write_raw,
	[REPORT_PROTO] = report_write_proto,
	[REPORT_TOPPROTO] = report_write_topproto,
	[REPORT_CALLGRIND] = report_write_callgrind,
	[REPORT_DOT] = report_write_dot,
	[REPORT_LIST] = report_write_list,
	[REPORT_DISASM] = report_write_disasm,
	[REPORT_WEBLIST] = report_write_weblist,
	[REPORT_STACKS] = report_write_stacks,
	[REPORT_FLAMEGRAPH] = report_write_flamegraph,
	[REPORT_FOLDED] = report_write_folded,
	[REPORT_SPEEDSCOPE] = report_write_speedscope,
	[REPORT_JSON] = report_write_json,
};

struct err *report_generate(struct report *r, struct buf *out)
{
	size_t format = r->options.format;
	if (format >= sizeof(writers) / sizeof(writers[0]) || !writers[format])
		return err_new(&r->profile->arena, "unexpected output format");
	return writers[format](r, out);
}
