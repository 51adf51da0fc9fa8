// SPDX-License-Identifier: MIT
// Latencies by name (see latency.h). Percentiles are durations that did occur (nearest rank).
#include "latency.h"

#include <stdlib.h>

#include "base/mem.h"

// One task or region.
struct stay {
	strid name;
	bool is_cut; // only its time within the trace is known: it counts, its duration does not
	int64_t ns, waited_ns;
};

// All of a name: stays[begin .. begin + n), by duration, those that are cut behind.
struct group {
	uint32_t begin, n, nwhole;
	int64_t total_ns, waited_ns;
};

static int by_name_and_duration(const void *a, const void *b)
{
	const struct stay *x = a, *y = b;
	int c = compare(x->name, y->name);
	if (!c)
		c = compare(x->is_cut, y->is_cut);
	return c ? c : compare(x->ns, y->ns);
}

static int by_total(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	int c = compare(y->total_ns, x->total_ns);
	return c ? c : compare(x->begin, y->begin);
}

static uint32_t make_groups(struct stay *stays, uint32_t n, struct group *groups)
{
	uint32_t ngroups = 0;
	qsort(stays, n, sizeof(*stays), by_name_and_duration);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || stays[i].name != stays[i - 1].name)
			groups[ngroups++] = (struct group){.begin = i};
		struct group *g = &groups[ngroups - 1];
		g->n++;
		g->nwhole += !stays[i].is_cut;
		g->total_ns = timeline_sum(g->total_ns, stays[i].ns);
		g->waited_ns = timeline_sum(g->waited_ns, stays[i].waited_ns);
	}
	qsort(groups, ngroups, sizeof(*groups), by_total);
	return ngroups;
}

static int64_t percentile(const struct stay *stays, const struct group *g, unsigned percent)
{
	uint64_t rank = ((uint64_t)g->nwhole * percent + 99) / 100;
	return stays[g->begin + rank - 1].ns;
}

static void put_group(const struct view *v, const struct stay *stays, const struct group *g, bool has_waits)
{
	static const unsigned percents[] = {50, 90, 99, 100};
	enum { NCOLUMNS = sizeof(percents) / sizeof(percents[0]) };
	buf_printf(v->out, "%9u", g->n);
	view_duration(v, g->total_ns, VIEW_DURATION_COLUMNS + 1);
	if (has_waits)
		view_duration(v, g->waited_ns, VIEW_DURATION_COLUMNS + 1);
	for (size_t i = 0; i < NCOLUMNS; i++) {
		if (g->nwhole)
			view_duration(v, percentile(stays, g, percents[i]), VIEW_DURATION_COLUMNS + 1);
		else
			buf_printf(v->out, "%*s", VIEW_DURATION_COLUMNS + 1, "-");
	}
	buf_cstr(v->out, "  ");
	view_text(v, timeline_str(v->timeline, stays[g->begin].name), v->width);
	if (g->nwhole < g->n)
		buf_printf(v->out, " (%u not whole)", g->n - g->nwhole);
	buf_byte(v->out, '\n');
}

// Most programs have a handful of names; those who made thousands see the costliest.
enum { MAX_GROUPS = 30 };

static void put_table(const struct view *v, const char *title, struct stay *stays, uint32_t n, bool has_waits)
{
	if (!n)
		return;
	struct group *groups = mem_zeroed(n, sizeof(*groups));
	uint32_t ngroups = make_groups(stays, n, groups);
	view_heading(v, title);
	buf_printf(v->out, "%9s%10s%s%10s%10s%10s%10s\n", "count", "total", has_waits ? "    waited" : "", "p50",
			"p90", "p99", "max");
	for (uint32_t i = 0; i < ngroups && i < MAX_GROUPS; i++)
		put_group(v, stays, &groups[i], has_waits);
	if (ngroups > MAX_GROUPS)
		buf_printf(v->out, "          ... and %u more\n", ngroups - MAX_GROUPS);
	free(groups);
}

void latency_of_tasks(const struct view *v)
{
	const struct timeline *t = v->timeline;
	struct stay *stays = mem_zeroed(t->ntasks, sizeof(*stays));
	for (uint32_t i = 0; i < t->ntasks; i++) {
		const struct timeline_task *task = &t->tasks[i];
		stays[i] = (struct stay){.name = task->name, .is_cut = task->is_cut,
				.ns = task->end_ns - task->begin_ns};
	}
	put_table(v, "Tasks", stays, t->ntasks, false);
	free(stays);
}

// The first span of the thread that begins at at_ns or later.
static uint32_t span_from(const struct timeline *t, uint32_t thread, int64_t at_ns)
{
	const struct timeline_thread *th = &t->threads[thread];
	uint32_t low = th->first_span, high = low + th->nspans;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (t->spans[middle].begin_ns < at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

// [span]: what all before it took.
static int64_t *sum_spans(const struct timeline *t)
{
	int64_t *sums = mem_zeroed(t->nspans + 1ul, sizeof(*sums));
	for (uint32_t i = 0; i < t->nspans; i++)
		sums[i + 1] = timeline_sum(sums[i], t->spans[i].end_ns - t->spans[i].begin_ns);
	return sums;
}

void latency_of_regions(const struct view *v)
{
	const struct timeline *t = v->timeline;
	struct stay *stays = mem_zeroed(t->nregions, sizeof(*stays));
	int64_t *sums = sum_spans(t);
	for (uint32_t i = 0; i < t->nregions; i++) {
		const struct timeline_region *r = &t->regions[i];
		stays[i] = (struct stay){
				.name = r->name,
				.is_cut = r->is_cut,
				.ns = r->end_ns - r->begin_ns,
				.waited_ns = sums[span_from(t, r->thread, r->end_ns)] -
						sums[span_from(t, r->thread, r->begin_ns)],
		};
	}
	put_table(v, "Regions", stays, t->nregions, true);
	free(sums);
	free(stays);
}
