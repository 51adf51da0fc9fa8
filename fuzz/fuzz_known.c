// SPDX-License-Identifier: MIT
// What a shell answers from what it knows already, of stacks kept as nodes and of earlier reports, has to be what a
// first command says. The first bytes choose three reports: the first, of all samples, has the stacks made, and the
// others find what was left; filters have the names of the profile's own functions.
#include <sched.h>
#include <stdlib.h>

#include "tool/graph/pass_cache.h"
#include "tool/profile/parse.h"
#include "tool/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct choice {
	uint8_t format, options, granularity, filters, names[2];
};

enum { NCHOICES = 3, CHOICE_BYTES = NCHOICES * sizeof(struct choice) };
enum { MAX_SAMPLES = 300 }; // so that a run takes no time

static const enum report_format formats[] = {REPORT_TEXT, REPORT_TREE, REPORT_DOT};

enum { FOCUS = 1, IGNORE = 2, HIDE = 4, SHOW = 8, SHOW_FROM = 16 };

static const uint8_t filter_sets[] = {0, FOCUS, IGNORE, HIDE, SHOW, SHOW_FROM, FOCUS | IGNORE, FOCUS | HIDE,
		HIDE | SHOW, IGNORE | SHOW, FOCUS | SHOW_FROM, HIDE | SHOW_FROM};

static const struct aggregate_keep granularities[] = {
	{.function = true, .inline_frames = true},
	{.function = true},
	{.function = true, .filename = true, .inline_frames = true},
	{.filename = true, .inline_frames = true},
	{.function = true, .filename = true, .line = true, .inline_frames = true},
};

static struct report_options options_of(struct profile *p, const struct choice *c)
{
	const struct value_type *type = &p->sample_types[(c->options >> 7) % p->nsample_types];
	return (struct report_options){
		.format = formats[c->format % (sizeof(formats) / sizeof(formats[0]))],
		.cum_sort = c->options & 1,
		.drop_negative = c->options & 2,
		.mean = c->options & 4,
		.ratio = 1,
		.node_count = c->options & 8 ? 3 : 0,
		.node_fraction = c->options & 16 ? 0.05 : 0,
		.edge_fraction = c->options & 16 ? 0.01 : 0,
		.value_index = (uint32_t)(type - p->sample_types),
		.sample_type = profile_str(p, type->type),
		.sample_unit = profile_str(p, type->unit),
		.output_unit = STR("minimum"),
		.label_units = profile_label_units(p),
	};
}

// A function's name as a regexp; NULL where it is none.
static struct regex *regex_of(struct arena *a, const struct profile *p, uint8_t which)
{
	struct regex *re = NULL;
	struct str name = p->nfunctions ? profile_str(p, p->functions[which % p->nfunctions].name) : STR("");
	return name.len && !regex_compile(a, name, &re) ? re : NULL;
}

static void filter(struct arena *a, struct profile *view, const struct choice *c, bool defers)
{
	struct regex *first = regex_of(a, view, c->names[0]), *second = regex_of(a, view, c->names[1]);
	unsigned set = filter_sets[c->filters % sizeof(filter_sets)];
	struct name_filter names = {.focus = set & FOCUS ? first : NULL, .ignore = set & IGNORE ? second : NULL,
			.hide = set & HIDE ? first : NULL, .show = set & SHOW ? second : NULL,
			.find = graph_find_samples, .defers = defers && !(set & SHOW_FROM)};
	profile_filter_names(view, &names);
	if (set & SHOW_FROM)
		profile_show_from(view, first, graph_find_samples, defers);
	regex_free(first);
	regex_free(second);
}

static struct buf report(struct profile *p, const struct choice *c, struct pass_cache *cache)
{
	struct arena a = {0};
	struct buf out = {0};
	struct profile *view = profile_view(p);
	view->pass_cache = cache;
	struct report_options o = options_of(view, c);
	struct report *r = report_new(view, &o);
	filter(&a, view, c, cache);
	view->selection = cache ? arena_printf(&a, "%d %d %d", c->filters, c->names[0], c->names[1]) : NULL;
	graph_aggregate(view, granularities[c->granularity % (sizeof(granularities) / sizeof(granularities[0]))]);
	report_generate(r, &out);
	profile_destroy(view);
	arena_deinit(&a);
	return out;
}

static void expect_equal(struct profile *p, const struct choice *c, struct pass_cache *cache)
{
	struct buf expected = report(p, c, NULL), got = report(p, c, cache);
	if (expected.len != got.len || (got.len && memcmp(got.ptr, expected.ptr, got.len)))
		abort();
	buf_deinit(&expected);
	buf_deinit(&got);
}

// Is called when the stacks are made.
static void note_end(void *arg)
{
	atomic_store((atomic_bool *)arg, true);
}

// Those a report has asked for.
static void make_stacks(struct pass_cache *cache)
{
	atomic_bool has_ended = false;
	pass_cache_prepare(cache, note_end, &has_ended);
	while (!atomic_load(&has_ended))
		sched_yield();
	pass_cache_pause(cache);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct profile *p = NULL;
	struct choice choices[NCHOICES];
	if (size > CHOICE_BYTES && !profile_parse(&a, data + CHOICE_BYTES, size - CHOICE_BYTES, &p)) {
		memcpy(choices, data, CHOICE_BYTES);
		choices[0].filters = 0;
		choices[1].granularity = choices[0].granularity;
		if (p->nsample_types && p->nsamples <= MAX_SAMPLES) {
			struct pass_cache *cache = pass_cache_create(p);
			expect_equal(p, &choices[0], cache);
			make_stacks(cache);
			expect_equal(p, &choices[1], cache);
			expect_equal(p, &choices[2], cache);
			make_stacks(cache);
			for (unsigned i = 0; i < NCHOICES; i++)
				expect_equal(p, &choices[i], cache);
			pass_cache_destroy(cache);
		}
		profile_destroy(p);
	}
	arena_deinit(&a);
	return 0;
}
