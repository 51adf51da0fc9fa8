// SPDX-License-Identifier: MIT
// The lines above a report: what profile this is, and how much of it is shown.
#include "tool/report/formats.h"

#include <time.h>

#include "base/path.h"
#include "tool/measurement/measurement.h"
#include "tool/report/cells.h"

enum { MAX_FILTER_BYTES = 80 };

// Lines are separated, not ended: the caller knows what follows the last.
struct lines {
	struct buf *out;
	uint32_t n;
	size_t first_end; // where the second begins, with a newline
};

static void put_line(struct lines *l, const char *head, struct str text)
{
	if (l->n++ == 1)
		l->first_end = l->out->len;
	if (l->n > 1)
		buf_byte(l->out, '\n');
	buf_cstr(l->out, head);
	buf_str(l->out, text);
}

static void put_time(struct lines *l, int64_t time_ns)
{
	int64_t seconds = time_ns / 1000000000 - (time_ns % 1000000000 < 0);
	struct tm tm;
	char text[64];
	time_t t = (time_t)seconds;
	if (!localtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &tm))
		return;
	put_line(l, "Time: ", str_from(text));
}

static void put_duration(const struct report *r, struct lines *l)
{
	struct buf *out = l->out;
	char text[MEASUREMENT_LABEL_BYTES];
	int64_t duration = r->profile->duration_nanos;
	size_t len = measurement_format(text, duration, STR("nanoseconds"), STR("auto"));
	put_line(l, "Duration: ", (struct str){text, len});
	buf_cstr(out, ", Total samples = ");
	report_value(r, r->total, out);
	buf_byte(out, ' ');

	struct str unit;
	double total_ns = measurement_scale(r->total, r->options.sample_unit, STR("nanoseconds"), &unit);
	if (str_eq(unit, STR("ns")) && total_ns != 0) {
		buf_byte(out, '(');
		put_percent(int64_of_double(total_ns), duration, out);
		buf_byte(out, ')');
	}
}

static void put_profile(const struct report *r, struct lines *l)
{
	const struct profile *p = r->profile;
	if (p->nmappings) {
		struct str file = profile_str(p, p->mappings[0].file);
		struct str build_id = profile_str(p, p->mappings[0].build_id);
		if (file.len)
			put_line(l, "File: ", path_base(file));
		if (build_id.len)
			put_line(l, "Build ID: ", build_id);
	}
	for (uint32_t i = 0; i < p->ncomments; i++) {
		struct str comment = profile_str(p, p->comments[i]);
		if (!str_has_prefix(comment, STR("#")))
			put_line(l, "", comment);
	}
	if (r->options.sample_type.len)
		put_line(l, "Type: ", r->options.sample_type);
	if (profile_str(p, p->doc_url).len)
		put_line(l, "Doc: ", profile_str(p, p->doc_url));
	if (p->time_nanos)
		put_time(l, p->time_nanos);
	if (p->duration_nanos)
		put_duration(r, l);
}

void report_profile_labels(const struct report *r, struct buf *out)
{
	put_profile(r, &(struct lines){.out = out});
}

static void put_filters(const struct report *r, struct lines *l)
{
	if (!r->options.nactive_filters)
		return;
	put_line(l, "Active filters:", STR(""));
	for (uint32_t i = 0; i < r->options.nactive_filters; i++) {
		struct str f = r->options.active_filters[i];
		put_line(l, "   ", str_slice(f, 0, MAX_FILTER_BYTES));
		if (f.len > MAX_FILTER_BYTES)
			buf_cstr(l->out, "…");
	}
}

static void put_dropped(const struct report *r, struct buf *out, uint32_t n, const char *what,
		const char *measure, double fraction)
{
	if (!n)
		return;
	buf_printf(out, "\nDropped %u %s%s (%s <= ", n, what, n > 1 ? "s" : "", measure);
	report_value(r, wrap_abs(int64_of_double((double)r->total * fraction)), out);
	buf_byte(out, ')');
}

size_t report_labels(const struct report *r, const struct graph *g, const struct graph_dropped *dropped,
		bool full, struct buf *out)
{
	struct lines lines = {.out = out}, *l = &lines;
	size_t begin = out->len;
	if (full || !r->options.compact_labels)
		put_profile(r, l);
	put_filters(r, l);

	int64_t flat = 0;
	for (uint32_t i = 0; i < g->nselected; i++) {
		const struct node *n = &g->nodes[g->selected[i]];
		flat = wrap_add(flat, mean_value(n->flat, n->flat_div));
	}
	put_line(l, "Showing nodes accounting for ", STR(""));
	report_value(r, flat, out);
	buf_cstr(out, ", ");
	put_percent_bare(flat, r->total, out);
	buf_cstr(out, " of ");
	report_value(r, r->total, out);
	buf_cstr(out, " total");
	size_t first_end = l->n > 1 ? l->first_end : out->len;

	if (r->total != 0) {
		put_dropped(r, out, dropped->nodes, "node", "cum", r->options.node_fraction);
		put_dropped(r, out, full ? dropped->edges : 0, "edge", "freq", r->options.edge_fraction);
		if (g->nselected && g->nselected < dropped->ncandidates)
			buf_printf(out, "\nShowing top %u nodes out of %u", g->nselected,
					dropped->ncandidates);
	}
	if (full)
		buf_cstr(out, "\n\nSee https://git.io/JfYMW for how to read the graph");
	return first_end - begin;
}
