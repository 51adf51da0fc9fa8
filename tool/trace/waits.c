// SPDX-License-Identifier: MIT
// Waits, grouped and alone (see waits.h).
#include "waits.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/hashindex.h"
#include "base/mem.h"

enum { MAX_ROWS = 8, TEXT_INDENT = 32 };

// All waits for one lock, or in one place.
struct group {
	strid what;
	uint64_t key; // the lock, or the place
	uint32_t n;
	uint32_t longest; // span
	int64_t total_ns, max_ns;
};

struct groups {
	const struct timeline *timeline;
	struct hash_index index;
	struct group *list;
	uint32_t n, cap;
};

static int64_t duration(const struct timeline_span *s)
{
	return s->end_ns - s->begin_ns;
}

static uint64_t key_of(const struct timeline *t, const struct timeline_span *s)
{
	return timeline_is_lock(s) ? s->object : t->stacks[s->stack].place;
}

static struct group *group_of(struct groups *g, const struct timeline_span *s)
{
	uint64_t key = key_of(g->timeline, s), hash = hash_mix(key, s->what);
	struct hash_probe probe = hash_index_probe(&g->index, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		if (g->list[i].key == key && g->list[i].what == s->what)
			return &g->list[i];
	}
	g->list = mem_grow(g->list, &g->cap, g->n + 1, sizeof(*g->list));
	hash_index_add(&g->index, hash, g->n);
	g->list[g->n] = (struct group){.what = s->what, .key = key};
	return &g->list[g->n++];
}

static int by_total(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	if (x->total_ns != y->total_ns)
		return x->total_ns > y->total_ns ? -1 : 1;
	return (x->longest > y->longest) - (x->longest < y->longest);
}

static void make_groups(struct groups *g, enum timeline_state state)
{
	const struct timeline *t = g->timeline;
	for (uint32_t i = 0; i < t->nspans; i++) {
		const struct timeline_span *s = &t->spans[i];
		if (s->state != state)
			continue;
		struct group *group = group_of(g, s);
		if (!group->n++ || duration(s) > group->max_ns) {
			group->longest = i;
			group->max_ns = duration(s);
		}
		group->total_ns = timeline_sum(group->total_ns, duration(s));
	}
	if (g->n)
		qsort(g->list, g->n, sizeof(*g->list), by_total);
}

static void put_object(const struct view *v, const struct timeline_span *s)
{
	buf_str(v->out, timeline_str(v->timeline, s->what));
	if (s->object_name) {
		buf_byte(v->out, ' ');
		view_text(v, timeline_str(v->timeline, s->object_name), v->width);
	} else if (s->object) {
		buf_printf(v->out, timeline_is_lock(s) ? " 0x%lx" : " fd %lu", s->object);
	}
}

static void put_place(const struct view *v, const char *how, uint32_t stack)
{
	if (!stack)
		return;
	buf_pad(v->out, ' ', TEXT_INDENT);
	buf_cstr(v->out, how);
	size_t used = TEXT_INDENT + strlen(how);
	view_stack(v, stack, v->width > used + 20 ? v->width - used : 20);
	buf_byte(v->out, '\n');
}

static void put_labels(const struct view *v, uint32_t stack)
{
	struct buf text = {0};
	timeline_put_labels(v->timeline, stack, &text);
	if (text.len) {
		buf_pad(v->out, ' ', TEXT_INDENT);
		buf_cstr(v->out, "labelled ");
		view_text(v, (struct str){text.ptr, text.len}, v->width);
		buf_byte(v->out, '\n');
	}
	buf_deinit(&text);
}

static void put_group(const struct view *v, const struct group *g)
{
	const struct timeline_span *s = &v->timeline->spans[g->longest];
	buf_printf(v->out, "%9u", g->n);
	view_duration(v, g->total_ns, VIEW_DURATION_COLUMNS + 1);
	view_duration(v, g->max_ns, VIEW_DURATION_COLUMNS + 1);
	buf_cstr(v->out, "  ");
	if (timeline_is_lock(s))
		put_object(v, s);
	else
		buf_str(v->out, timeline_str(v->timeline, g->what));
	buf_byte(v->out, '\n');
	put_place(v, "in ", s->stack);
	put_place(v, "until ", s->waker_stack);
}

void waits_grouped(const struct view *v, enum timeline_state state, const char *title)
{
	struct groups g = {.timeline = v->timeline};
	make_groups(&g, state);
	if (g.n) {
		view_heading(v, title);
		buf_printf(v->out, "%9s%10s%10s\n", "waits", "total", "longest");
	}
	for (uint32_t i = 0; i < g.n && i < MAX_ROWS; i++)
		put_group(v, &g.list[i]);
	if (g.n > MAX_ROWS)
		buf_printf(v->out, "          ... and %u more\n", g.n - MAX_ROWS);
	hash_index_deinit(&g.index);
	free(g.list);
}

// Among the longest so far; a short list that stays sorted.
static uint32_t insert(const struct timeline *t, uint32_t *list, uint32_t n, uint32_t span)
{
	uint32_t at = n;
	while (at > 0 && duration(&t->spans[list[at - 1]]) < duration(&t->spans[span]))
		at--;
	if (at == MAX_ROWS)
		return n;
	n = n < MAX_ROWS ? n + 1 : n;
	memmove(list + at + 1, list + at, (n - at - 1) * sizeof(*list));
	list[at] = span;
	return n;
}

static void put_longest(const struct view *v, const struct timeline_span *s)
{
	view_duration(v, duration(s), VIEW_DURATION_COLUMNS);
	buf_cstr(v->out, " at");
	view_duration(v, s->begin_ns, VIEW_DURATION_COLUMNS + 1);
	buf_pad(v->out, ' ', TEXT_INDENT - 2 * VIEW_DURATION_COLUMNS - 4);
	view_thread(v, s->thread, 0);
	buf_cstr(v->out, s->state == STATE_LOCK ? " waits for " : " waits in ");
	put_object(v, s);
	buf_cstr(v->out, s->is_given_up ? ", in vain\n" : s->is_cut ? ", and goes on\n" : "\n");
	put_labels(v, s->stack);
	put_place(v, "in ", s->stack);
	if (s->waker == NO_INDEX)
		return;
	buf_pad(v->out, ' ', TEXT_INDENT);
	buf_cstr(v->out, "until ");
	view_thread(v, s->waker, 0);
	buf_cstr(v->out, " lets it go");
	if (s->woken_ns < s->end_ns) {
		buf_cstr(v->out, ", and ");
		view_duration(v, s->end_ns - s->woken_ns, 0);
		buf_cstr(v->out, " more to run again");
	}
	buf_byte(v->out, '\n');
	put_place(v, "in ", s->waker_stack);
}

void waits_longest(const struct view *v)
{
	const struct timeline *t = v->timeline;
	uint32_t list[MAX_ROWS + 1], n = 0;
	for (uint32_t i = 0; i < t->nspans; i++) {
		if (t->spans[i].state == STATE_LOCK || t->spans[i].state == STATE_SYSCALL)
			n = insert(t, list, n, i);
	}
	if (n)
		view_heading(v, "Longest waits");
	for (uint32_t i = 0; i < n; i++)
		put_longest(v, &t->spans[list[i]]);
}
