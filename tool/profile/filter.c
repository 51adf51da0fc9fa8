// SPDX-License-Identifier: MIT
// focus, ignore, hide, show, show_from: what a location is, is decided once per location; a sample then
// is a look at the flags of its stack.
#include "tool/profile/filter.h"

#include "tool/profile/hide.h"
#include "tool/profile/memo.h"
#include "tool/profile/parallel.h"
#include "tool/profile/samples.h"

enum location_flag { IS_FOCUSED = 1, IS_IGNORED = 2 };

static bool matches_location(const struct memo *m, const struct location *l)
{
	for (uint32_t i = 0; i < l->nlines; i++) {
		if (memo_matches_line(m, &m->p->lines[l->line_begin + i]))
			return true;
	}
	return memo_matches_mapping(m, l);
}

/* Lines without a function stay. */
static bool is_line_hidden(const struct memo memos[4], const struct location *l, const struct line *line)
{
	const struct memo *hide = &memos[2], *show = &memos[3];
	if (memo_matches_mapping(hide, l) || memo_matches_line(hide, line))
		return true;
	return show->re && line->function != NO_INDEX && !memo_matches_mapping(show, l) &&
			!memo_matches_line(show, line);
}

static void hide_location(struct profile *p, uint32_t i, const struct memo memos[4], struct name_matches *found)
{
	const struct location *l = &p->locations[i];
	bool hides = matches_location(&memos[2], l);
	uint32_t nleft = l->nlines;
	for (uint32_t k = l->line_begin; k < l->line_begin + l->nlines; k++) {
		bool is_hidden = is_line_hidden(memos, l, &p->lines[k]);
		p->hidden->lines[k] |= is_hidden;
		nleft -= is_hidden;
	}
	if (hides || memos[3].re)
		p->hidden->locations[i] = nleft == 0;
	p->hidden->has_lines |= nleft < l->nlines;
	p->hidden->has_locations |= p->hidden->locations[i];
	found->hide |= hides;
	found->show |= memos[3].re && nleft;
}

static void flag_location(struct profile *p, uint32_t i, const struct memo memos[4], uint8_t *flag,
		struct name_matches *found)
{
	const struct memo *focus = &memos[0], *ignore = &memos[1];
	const struct location *l = &p->locations[i];
	if (ignore->re && matches_location(ignore, l)) {
		found->ignore = true;
		*flag |= IS_IGNORED;
	} else if (!focus->re || matches_location(focus, l)) {
		found->focus = true;
		*flag |= IS_FOCUSED;
	}
	if (p->hidden)
		hide_location(p, i, memos, found);
}

struct choice {
	const struct profile *p;
	const uint8_t *flags; // of locations
	uint8_t decides;      // of these flags the first that a stack shows
	uint8_t *keep;        // [nsamples]
};

static void choose(void *state, struct sample_range range)
{
	const struct choice *c = state;
	for (uint32_t i = range.begin; i < range.end; i++) {
		struct stack stack = profile_stack(c->p, i);
		uint8_t seen = 0;
		for (uint32_t j = 0; j < stack.n && !(seen & c->decides); j++)
			seen |= c->flags[stack_loc(stack, j)];
		c->keep[i] = (seen & (IS_FOCUSED | IS_IGNORED)) == IS_FOCUSED;
	}
}

/* Who has one that is ignored goes; without any such, who has none in focus. */
static bool choose_found(const struct profile *p, const struct name_filter *f, const uint8_t *flags, uint8_t any,
		uint8_t *keep)
{
	uint8_t *ignored = mem_zeroed(p->nsamples, 1);
	bool can = f->find && (!(any & IS_IGNORED) || f->find(p, flags, IS_IGNORED, ignored)) &&
			(!f->focus || f->find(p, flags, IS_FOCUSED, keep));
	for (uint32_t i = 0; i < p->nsamples && can; i++)
		keep[i] = (f->focus ? keep[i] : p->loc_end[i] > p->loc_begin[i]) && !ignored[i];
	free(ignored);
	return can;
}

/* Which samples have a location in focus, and none that is ignored. */
static uint8_t *choose_samples(const struct profile *p, const struct name_filter *f, const uint8_t *flags, uint8_t any)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct choice choices[PARALLEL_MAX];
	uint8_t *keep = mem_resize(NULL, p->nsamples, 1);
	if (choose_found(p, f, flags, any, keep))
		return keep;
	uint32_t n = parallel_ranges(p, ranges);
	for (uint32_t i = 0; i < n; i++)
		choices[i] = (struct choice){p, flags, any & IS_IGNORED ? IS_IGNORED : IS_FOCUSED, keep};
	parallel_run(ranges, n, choices, sizeof(choices[0]), choose);
	return keep;
}

struct name_matches profile_filter_names(struct profile *p, const struct name_filter *f)
{
	struct name_matches found = {0};
	profile_hide(p);
	if (!f->focus && !f->ignore && !f->hide && !f->show) {
		found.focus = true;
		return found;
	}
	if (f->hide || f->show)
		p->hidden = hidden_places_create(p);
	struct memo memos[4] = {memo_create(p, f->focus), memo_create(p, f->ignore), memo_create(p, f->hide),
			memo_create(p, f->show)};
	uint8_t *flags = mem_zeroed(p->nlocations, 1), any = 0;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		flag_location(p, i, memos, &flags[i], &found);
		any |= flags[i];
	}
	uint8_t *keep = choose_samples(p, f, flags, any);
	samples_keep(p, keep);
	if (!f->defers || (p->hidden && !p->hidden->has_lines && !p->hidden->has_locations))
		profile_hide(p);
	free(keep);
	free(flags);
	for (unsigned i = 0; i < 4; i++)
		memo_free(&memos[i]);
	return found;
}

/* How many lines of the location are left, as those above (rootward of) the last matching one are cut off it; 0: it
 * does not match. */
static uint32_t lines_from(const struct memo *m, const struct location *l)
{
	if (memo_matches_mapping(m, l))
		return l->nlines ? l->nlines : 1;
	uint32_t n = l->nlines;
	while (n > 0 && !memo_matches_line(m, &m->p->lines[l->line_begin + n - 1]))
		n--;
	return n;
}

bool profile_show_from(struct profile *p, const struct regex *show_from, sample_finder *find, bool defers)
{
	if (!show_from)
		return false;
	profile_hide(p);
	struct memo m = memo_create(p, show_from);
	struct hidden_places *hidden = hidden_places_create(p);
	uint32_t *root_lines = hidden->root_lines = mem_resize(NULL, p->nlocations, sizeof(*root_lines));
	uint8_t *is_root = mem_resize(NULL, p->nlocations, 1), *keep = mem_resize(NULL, p->nsamples, 1);
	bool matched = false;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		root_lines[i] = lines_from(&m, &p->locations[i]);
		is_root[i] = root_lines[i] != 0;
		hidden->has_lines |= is_root[i] && root_lines[i] < p->locations[i].nlines;
		matched |= is_root[i];
	}
	bool is_found = find && find(p, is_root, 1, keep);
	if (is_found)
		samples_keep(p, keep);
	p->hidden = hidden;
	if (!defers || !is_found)
		profile_hide(p);
	free(keep);
	free(is_root);
	memo_free(&m);
	return matched;
}
