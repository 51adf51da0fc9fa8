// SPDX-License-Identifier: MIT
// Making a report (see analysis.h). The order is pprof's: the total is taken before the filters, so that
// percentages are of the whole profile, unless relative ones are asked for.
#include "analysis.h"

#include "base/path.h"
#include "tool/graph/graph.h"

#include "focus.h"

static void warn_of_units(const struct session *s)
{
	const struct profile *p = s->profile;
	for (uint32_t i = 0; i < s->units.n; i++) {
		const struct label_unit *u = &s->units.items[i];
		struct buf others = {0};
		for (uint32_t k = 0; k < u->nignored; k++) {
			buf_cstr(&others, k ? ", " : "");
			buf_str(&others, profile_str(p, u->ignored[k]));
		}
		if (u->nignored)
			env_warn(s->env, "For tag %.*s used unit %.*s, also encountered unit(s) %.*s",
					STR_FMT(profile_str(p, u->key)),
					STR_FMT(profile_str(p, u->unit)), (int)others.len,
					others.ptr);
		buf_deinit(&others);
	}
}

static void set_active_filters(struct arena *a, const struct config *c, struct report_options *o)
{
	const struct {
		const char *name, *value;
	} filters[] = {
			{"focus", c->focus},
			{"ignore", c->ignore},
			{"hide", c->hide},
			{"show", c->show},
			{"show_from", c->show_from},
			{"tagfocus", c->tagfocus},
			{"tagignore", c->tagignore},
			{"tagshow", c->tagshow},
			{"taghide", c->taghide},
	};
	size_t n = sizeof(filters) / sizeof(filters[0]);
	struct str *active = arena_array(a, struct str, n);
	for (size_t i = 0; i < n; i++) {
		if (*filters[i].value)
			active[o->nactive_filters++] = str_from(arena_printf(a, "%s=%s",
					filters[i].name, filters[i].value));
	}
	o->active_filters = active;
}

static struct err *make_options(struct arena *a, const struct profile *p, const struct config *c,
		const struct label_units *units, struct report_options *o)
{
	if (!p->nsample_types)
		return err_new(a, "profile has no samples");
	uint32_t index;
	struct err *e = profile_sample_index(p, a, str_from(c->sample_index), &index);
	if (e)
		return e;
	if (c->divide_by == 0)
		return err_new(a, "zero divisor specified");
	struct str type = profile_str(p, p->sample_types[index].type);
	*o = (struct report_options){
			.cum_sort = strcmp(c->sort, "cum") == 0,
			.call_tree = c->call_tree,
			.drop_negative = c->drop_negative,
			.compact_labels = c->compact_labels,
			.ratio = 1 / c->divide_by,
			.node_count = c->nodecount,
			.node_fraction = c->nodefraction,
			.edge_fraction = c->edgefraction,
			.value_index = index,
			.mean = c->mean,
			.sample_type = c->mean ? str_from(arena_printf(a, "mean_%.*s", STR_FMT(type)))
					       : type,
			.sample_unit = profile_str(p, p->sample_types[index].unit),
			.output_unit = str_from(c->unit),
			.label_units = *units,
			.source_path = str_from(c->source_path),
			.trim_path = str_from(c->trim_path),
			.intel_syntax = c->intel_syntax,
	};
	if (p->nmappings && p->mappings[0].file)
		o->title = path_base(profile_str(p, p->mappings[0].file));
	set_active_filters(a, c, o);
	return NULL;
}

static struct err *aggregate(struct arena *a, const struct config *c, struct profile *p)
{
	static const struct {
		const char *name;
		struct aggregate_keep keep;
	} granularities[] = {
			{"", {.function = true}},
			{"functions", {.function = true}},
			{"filefunctions", {.function = true, .filename = true}},
			{"files", {.filename = true}},
			{"lines", {.function = true, .filename = true, .line = true}},
			{"addresses", {.function = true, .filename = true, .line = true, .address = true}},
	};
	for (size_t i = 0; i < sizeof(granularities) / sizeof(granularities[0]); i++) {
		struct aggregate_keep keep = granularities[i].keep;
		if (strcmp(c->granularity, granularities[i].name) != 0)
			continue;
		keep.inline_frames = !c->noinlines;
		keep.column = c->showcolumns;
		if (!keep.address || c->noinlines)
			graph_aggregate(p, keep);
		return NULL;
	}
	return err_new(a, "unexpected granularity");
}

static struct err *compile_param(struct analysis *an, const char *param, struct report_options *o)
{
	struct err *e = regex_compile(&an->arena, str_from(param), &an->symbol);
	o->symbol = an->symbol;
	o->symbol_text = str_from(param);
	return err_wrap(&an->arena, e, "parsing argument regexp %s", param);
}

// All options that choose or change samples (struct profile, `selection`), each with its length, so that no two
// choices read the same.
static const char *selection_text(struct arena *a, const struct config *c)
{
	const char *const options[] = {c->tagroot, c->tagleaf, c->unit, c->focus, c->ignore, c->hide, c->show,
			c->show_from, c->tagfocus, c->tagignore, c->tagshow, c->taghide, c->prune_from};
	const char *text = "";
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		text = arena_printf(a, "%s%zu:%s", text, strlen(options[i]), options[i]);
	return text;
}

// Of one report alone the stacks are not there as nodes.
static bool asks_graph(const struct session *s, const struct command *c)
{
	return !s->is_single && (c->format == REPORT_TEXT || c->format == REPORT_TREE || c->format == REPORT_DOT);
}

struct err *analyze(const struct session *s, const struct command *c, const char *param,
		const struct config *config, struct analysis *out)
{
	*out = (struct analysis){.view = s->is_single ? s->profile : profile_view(s->profile)};
	struct arena *a = &out->arena;
	struct profile *p = out->view;
	struct config adjusted = command_adjust(c, *config);
	warn_of_units(s);
	focus_add_label_frames(a, s->env, &adjusted, p);

	struct report_options o;
	struct err *e = NULL;
	if (adjusted.relative_percentages)
		e = focus_apply(a, s->env, &adjusted, &s->units, false, p);
	if (!e)
		e = make_options(a, p, &adjusted, &s->units, &o);
	if (!e && param)
		e = compile_param(out, param, &o);
	if (e)
		return e;
	o.format = c->format;
	o.object_tools = s->tools;
	out->report = report_new(p, &o);
	if (!adjusted.relative_percentages)
		e = focus_apply(a, s->env, &adjusted, &s->units, asks_graph(s, c), p);
	if (p->pass_cache)
		p->selection = selection_text(a, &adjusted);
	if (!e)
		e = aggregate(a, &adjusted, p);
	return e;
}

struct err *analyze_unfiltered(const struct session *s, const struct config *config,
		struct analysis *out)
{
	*out = (struct analysis){.view = profile_view(s->profile)};
	warn_of_units(s);
	struct report_options o;
	struct err *e = make_options(&out->arena, out->view, config, &s->units, &o);
	if (!e)
		out->report = report_new(out->view, &o);
	return e;
}

void analysis_end(struct analysis *an)
{
	if (an->view)
		profile_destroy(an->view);
	regex_free(an->symbol);
	arena_deinit(&an->arena);
}
