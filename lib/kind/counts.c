// SPDX-License-Identifier: MIT
// Context: CTL. See counts.h. Counts may change while they are written, so they are taken once, at first.
#include "counts.h"

#include <errno.h>

#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/modmap.h"
#include "target.h"
#include "write/grow.h"
#include "write/labels_out.h"
#include "write/profile_out.h"
#include "write/sort.h"
#include "write/text_out.h"

/** A group of equal stacks and labels. */
struct group {
	const struct cp_stack *stack;
	int64_t count, second;
};

struct groups {
	struct group *at;
	size_t n, cap_bytes;
	int64_t total;
	int error;
};

static void take_group(struct cp_stack *s, void *arg)
{
	struct groups *g = arg;
	int64_t count = load(&s->values[CP_COUNTS_COUNT], relaxed);
	if (count <= 0 || g->error)
		return;
	if (!cp_grow(&g->at, &g->cap_bytes, (g->n + 1) * sizeof(*g->at))) {
		g->error = -ENOMEM;
		return;
	}
	g->at[g->n++] = (struct group){s, count, load(&s->values[CP_COUNTS_SECOND], relaxed)};
	g->total += count;
}

/** Go's order: the largest first, then by their addresses. */
static bool is_before(const void *x, const void *y, const void *unused)
{
	const struct group *a = x, *b = y;
	if (a->count != b->count)
		return a->count > b->count;
	for (uint32_t i = 0; i < a->stack->npcs && i < b->stack->npcs; i++) {
		if (a->stack->pcs[i] != b->stack->pcs[i])
			return a->stack->pcs[i] < b->stack->pcs[i];
	}
	return a->stack->npcs < b->stack->npcs;
}

/// Writing

static int write_proto(const struct cp_counts *c, const struct groups *g, struct cprof_writer writer)
{
	struct cp_profile_spec spec = {
			.sample_types = {{c->name, "count"}, {c->second_type, c->second_unit}},
			.nsample_types = c->second_type ? 2 : 1,
			.period_type = {c->name, "count"},
			.period = 1,
			.time_ns = (int64_t)cp_clock_ns(CP_CLOCK_REALTIME),
			.default_sample_type = c->shown_type,
	};
	struct cp_profile_out *out;
	int ret = cp_profile_out_begin(&out, &spec, writer);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < g->n && ret == 0; i++) {
		const struct cp_stack *s = g->at[i].stack;
		struct cp_label labels[CP_LABELS_MAX];
		uint32_t nlabels = cp_labels_out((uint32_t)s->tag, labels);
		int64_t values[] = {g->at[i].count, g->at[i].second};
		ret = cp_profile_out_sample(out, s->pcs, s->npcs, s->epoch, values, labels, nlabels);
	}
	if (c->comment)
		cp_profile_out_comment(out, "%s", c->comment);
	int ended = cp_profile_out_end(out, 0);
	return ret < 0 ? ret : ended;
}

static void print_group(struct cp_text_out *out, const struct cp_counts *c, const struct group *group)
{
	const struct cp_stack *s = group->stack;
	cp_text_out_printf(out, "%lld @", (long long)group->count);
	cp_text_out_addresses(out, s->pcs, s->npcs);
	if (cp_labels_of_id((uint32_t)s->tag)) {
		cp_text_out_printf(out, "\n# labels: ");
		cp_labels_text(out, (uint32_t)s->tag);
	}
	if (c->second_type)
		cp_text_out_printf(out, "\n# %s: %lld %s", c->second_type, (long long)group->second, c->second_unit);
	cp_text_out_printf(out, "\n");
	cp_text_out_stack(out, s->pcs, s->npcs, s->epoch);
	cp_text_out_printf(out, "\n");
}

static int write_text(const struct cp_counts *c, const struct groups *g, struct cprof_writer writer)
{
	struct cp_text_out *out;
	int ret = cp_text_out_begin(&out, writer);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < g->n; i++) {
		const struct cp_stack *s = g->at[i].stack;
		cp_text_out_add(out, s->pcs, s->npcs, s->epoch);
	}
	cp_text_out_resolve_lines(out);
	cp_text_out_printf(out, "%s profile: total %lld\n", c->name, (long long)g->total);
	for (size_t i = 0; i < g->n; i++)
		print_group(out, c, &g->at[i]);
	return cp_text_out_end(out);
}

int cp_counts_write(const struct cp_counts *c, struct cprof_writer writer, int debug)
{
	struct groups g = {0};
	struct cp_target target;
	int ret = cp_target_open(&target, writer);
	if (ret < 0)
		return ret;
	cp_modmap_refresh();
	cp_stacktab_each(c->stacks, take_group, &g);
	cp_sort(g.at, g.n, sizeof(*g.at), is_before, NULL);
	ret = g.error;
	if (ret == 0)
		ret = debug ? write_text(c, &g, target.writer) : write_proto(c, &g, target.writer);
	cp_grow_free(&g.at, &g.cap_bytes);
	return cp_target_end(&target, ret);
}
