// SPDX-License-Identifier: MIT
// See hide.h.
#include "tool/profile/hide.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tool/profile/parallel.h"
#include "tool/profile/samples.h"

struct hidden_places *hidden_places_create(const struct profile *p)
{
	struct hidden_places *h = mem_zeroed(1, sizeof(*h));
	h->lines = mem_zeroed(p->nlines, 1);
	h->locations = mem_zeroed(p->nlocations, 1);
	return h;
}

void hidden_places_free(struct hidden_places *h)
{
	if (!h)
		return;
	free(h->lines);
	free(h->locations);
	free(h->root_lines);
	free(h);
}

static void cut_lines(struct profile *p, struct location *l, const uint8_t *hidden)
{
	struct line *left = mem_resize(NULL, l->nlines, sizeof(*left));
	uint32_t n = 0;
	for (uint32_t i = 0; i < l->nlines; i++)
		if (!hidden[l->line_begin + i])
			left[n++] = p->lines[l->line_begin + i];
	if (n && n < l->nlines) {
		p->lines = mem_grow(p->lines, &p->lines_cap, p->nlines + n, sizeof(*left));
		memcpy(p->lines + p->nlines, left, n * sizeof(*left));
		l->line_begin = p->nlines;
		p->nlines += n;
	}
	l->nlines = n;
	free(left);
}

static void cut_stacks(struct profile *p, const uint8_t *hidden)
{
	profile_own(p, PROFILE_SAMPLES);
	uint8_t *keep = mem_resize(NULL, p->nsamples, 1);
	uint32_t *to = pages_reserve(p->nlocs * sizeof(*to)), n = 0;
	if (!to)
		to = mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	for (uint32_t i = 0; i < p->nsamples; i++) {
		uint32_t begin = n;
		struct stack stack = profile_stack(p, i);
		for (uint32_t j = 0; j < stack.n; j++) {
			to[n] = stack_loc(stack, j);
			n += !hidden[to[n]];
		}
		p->loc_begin[i] = begin;
		p->loc_end[i] = n;
		keep[i] = n > begin;
	}
	samples_set_locs(p, to, n, p->nlocs);
	samples_keep(p, keep);
	free(keep);
}

struct cut {
	const struct profile *p;
	const uint32_t *root_lines;
	uint8_t *keep;  // [nsamples]: 0: it has no root
	uint32_t *ends; // [nsamples]: where the stack ends then
};

static void find_ends(void *state, struct sample_range range)
{
	const struct cut *c = state;
	for (uint32_t i = range.begin; i < range.end; i++) {
		struct stack stack = profile_stack(c->p, i);
		while (stack.n && !c->root_lines[stack_loc(stack, stack.n - 1)])
			stack.n--;
		c->ends[i] = c->p->loc_begin[i] + stack.n;
		c->keep[i] = stack.n != 0;
	}
}

static void cut_to_roots(struct profile *p, const uint32_t *root_lines)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct cut cuts[PARALLEL_MAX];
	uint8_t *keep = mem_resize(NULL, p->nsamples, 1);
	uint32_t *ends = mem_resize(NULL, p->nsamples, sizeof(*ends)), kept = 0, all = p->nsamples;
	uint32_t n = parallel_ranges(p, ranges);
	for (uint32_t i = 0; i < n; i++)
		cuts[i] = (struct cut){p, root_lines, keep, ends};
	parallel_run(ranges, n, cuts, sizeof(cuts[0]), find_ends);
	samples_keep(p, keep);
	profile_own(p, PROFILE_SAMPLES); // of these alone
	for (uint32_t i = 0; i < all; i++)
		if (keep[i])
			p->loc_end[kept++] = ends[i];
	free(keep);
	free(ends);
}

void profile_hide(struct profile *p)
{
	struct hidden_places *h = p->hidden;
	p->hidden = NULL;
	if (h && h->has_lines)
		profile_own(p, PROFILE_PLACES);
	for (uint32_t i = 0; h && h->has_lines && i < p->nlocations; i++) {
		if (!h->root_lines)
			cut_lines(p, &p->locations[i], h->lines);
		else if (h->root_lines[i] && h->root_lines[i] < p->locations[i].nlines)
			p->locations[i].nlines = h->root_lines[i];
	}
	if (h && h->has_locations)
		cut_stacks(p, h->locations);
	if (h && h->root_lines)
		cut_to_roots(p, h->root_lines);
	hidden_places_free(h);
}
