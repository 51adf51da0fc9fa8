// SPDX-License-Identifier: MIT
// -traces: every sample with its stack. The names of nodes and the lines of a label set are made once, before
// all samples, and copied into every sample that has them.
#include <stdlib.h>

#include "base/textlist.h"
#include "tool/measurement/measurement.h"
#include "tool/report/cells.h"
#include "tool/report/formats.h"

static const char separator[] = "-----------+-------------------------------------------------------\n";

enum { VALUE_COLUMNS = 10, FRAME_COLUMNS = 13, SAMPLES_A_PIECE = 32 };

struct tracer {
	struct report *r;
	struct graph *g; // for the names of frames
	struct arena arena;
	struct buf line, lines; // of label sets, while they are made
	struct str *names; // [node]
	struct str *label_sets;
};

// pprof lists keys as if each were formatted and the lines sorted.
static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/** A copy of what is there, which is taken out. */
static struct str keep(struct tracer *t, struct buf *b)
{
	struct str s = {arena_strndup(&t->arena, b->ptr, b->len), b->len};
	b->len = 0;
	return s;
}

static void put_label_value(const struct tracer *t, const struct label *l, struct buf *b)
{
	const struct profile *p = t->r->profile;
	if (!l->is_num) {
		buf_str(b, profile_str(p, l->str));
		return;
	}
	char text[MEASUREMENT_LABEL_BYTES];
	struct str unit = label_units_get(p, &t->r->options.label_units, profile_str(p, l->key));
	buf_append(b, text, measurement_format(text, l->num, unit, STR("auto")));
}

static bool is_same_key(const struct label *a, const struct label *b)
{
	return a->key == b->key && a->is_num == b->is_num;
}

// One line a key, of the string or the numeric labels of a set.
static void put_labels(struct tracer *t, struct label_set set, bool is_num)
{
	const struct profile *p = t->r->profile;
	const struct label *labels = p->labels + set.begin;
	struct str *lines = arena_array(&t->arena, struct str, set.n);
	uint32_t n = 0;
	for (uint32_t first = 0, i; first < set.n; first = i) {
		bool is_asked = labels[first].is_num == is_num;
		if (is_asked) {
			put_right(&t->line, profile_str(p, labels[first].key), VALUE_COLUMNS);
			buf_cstr(&t->line, ":  ");
		}
		for (i = first; i < set.n && is_same_key(&labels[i], &labels[first]); i++) {
			if (is_asked && i > first)
				buf_byte(&t->line, ' ');
			if (is_asked)
				put_label_value(t, &labels[i], &t->line);
		}
		if (is_asked) {
			buf_byte(&t->line, '\n');
			lines[n++] = keep(t, &t->line);
		}
	}
	qsort(lines, n, sizeof(lines[0]), by_bytes);
	for (uint32_t i = 0; i < n; i++)
		buf_str(&t->lines, lines[i]);
}

static struct str label_lines(struct tracer *t, uint32_t set)
{
	put_labels(t, t->r->profile->label_sets[set], false);
	put_labels(t, t->r->profile->label_sets[set], true);
	return keep(t, &t->lines);
}

static void put_frame(struct str name, size_t blanks, bool is_inlined, struct buf *out)
{
	static const char margin[] = "                ", inlined[] = " (inline)\n";
	buf_reserve(out, sizeof(margin) + name.len + sizeof(inlined));
	char *at = out->ptr + out->len;
	memcpy(at, margin, sizeof(margin) - 1);
	at += blanks;
	memcpy(at, name.ptr, name.len);
	at += name.len;
	memcpy(at, is_inlined ? inlined : "\n         ", sizeof(inlined) - 1);
	out->len = (size_t)(at - out->ptr) + (is_inlined ? sizeof(inlined) - 1 : 1);
}

static void put_sample(const void *tracer, uint32_t sample, struct buf *out)
{
	const struct tracer *t = tracer;
	const struct report *r = t->r;
	struct stack stack = profile_stack(r->profile, sample);
	uint32_t set = profile_label_set(r->profile, sample);
	const int64_t *values = profile_values(r->profile, sample);
	if (!stack.n)
		return;
	buf_append(out, separator, sizeof(separator) - 1);
	buf_str(out, t->label_sets[set]);
	put_value(r, mean_value(values[r->options.value_index], r->options.mean ? values[0] : 0),
			VALUE_COLUMNS, out);
	size_t blanks = FRAME_COLUMNS - VALUE_COLUMNS;
	for (uint32_t k = 0; k < stack.n; k++) {
		uint32_t n;
		const uint32_t *nodes = graph_location_nodes(t->g, stack_loc(stack, k), &n);
		for (uint32_t i = 0; i < n; i++, blanks = FRAME_COLUMNS)
			put_frame(t->names[nodes[i]], blanks, i + 1 < n, out);
	}
}

struct err *report_write_traces(struct report *r, struct buf *out)
{
	const struct profile *p = r->profile;
	struct tracer t = {.r = r, .g = graph_of_frames(r->profile)};
	t.names = arena_array(&t.arena, struct str, t.g->nnodes);
	t.label_sets = arena_array(&t.arena, struct str, p->nlabel_sets);

	for (uint32_t i = 0; i < t.g->nnodes; i++)
		t.names[i] = graph_node_name(t.g, i);
	// A filter may have left samples with few of the label sets.
	for (uint32_t i = 0; i < p->nsamples; i++) {
		uint32_t set = profile_label_set(p, i);
		if (set && !t.label_sets[set].ptr)
			t.label_sets[set] = label_lines(&t, set);
	}

	report_profile_labels(r, out);
	buf_byte(out, '\n');
	textlist_put(out, p->nsamples, SAMPLES_A_PIECE, put_sample, &t);
	buf_append(out, separator, sizeof(separator) - 1);
	buf_deinit(&t.line);
	buf_deinit(&t.lines);
	arena_deinit(&t.arena);
	graph_destroy(t.g);
	return NULL;
}
