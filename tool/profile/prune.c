// SPDX-License-Identifier: MIT
// See prune.h. Stacks are cut by moving where they begin.
#include "tool/profile/prune.h"

#include "tool/profile/memo.h"

enum prune_flag { PRUNE_BELOW = 1, PRUNE_WHOLE = 2 };

struct str simplify_function_name(struct str name)
{
	static const struct str reserved[] = {{"(anonymous namespace)", 21}, {"operator()", 10}};
	if (name.len && name.ptr[0] == '.')
		name = str_slice(name, 1, name.len);
	for (size_t i = 0; i < name.len; i++) {
		if (str_has_prefix(str_slice(name, i, name.len), reserved[0]))
			i += reserved[0].len - 1;
		else if (str_has_prefix(str_slice(name, i, name.len), reserved[1]))
			i += reserved[1].len - 1;
		else if (name.ptr[i] == '(')
			return str_slice(name, 0, i);
	}
	return name;
}

// Like struct memo, but asked about simplified function names, and with an exception.
struct dropped {
	const struct profile *p;
	const struct regex *drop, *keep;
	uint8_t *answers; // [strid]
};

static bool is_dropped(const struct dropped *d, const struct line *line)
{
	strid name = line->function == NO_INDEX ? 0 : d->p->functions[line->function].name;
	if (!name)
		return false;
	if (!d->answers[name]) {
		struct str simple = simplify_function_name(profile_str(d->p, name));
		bool yes = regex_match(d->drop, simple) && !(d->keep && regex_match(d->keep, simple));
		d->answers[name] = yes ? 2 : 1;
	}
	return d->answers[name] == 2;
}

/* Flags the location and cuts its lines above the outermost dropped one. */
static uint8_t prune_location(const struct dropped *d, struct location *l)
{
	for (uint32_t i = l->nlines; i > 0; i--) {
		if (!is_dropped(d, &d->p->lines[l->line_begin + i - 1]))
			continue;
		if (i == l->nlines)
			return PRUNE_BELOW | PRUNE_WHOLE;
		l->line_begin += i;
		l->nlines -= i;
		return PRUNE_BELOW;
	}
	return 0;
}

/* Where the stack begins after pruning: only frames below the first one from the root to stay are cut. */
static uint32_t pruned_begin(const struct stack *stack, const uint8_t *flags)
{
	bool found_user = false;
	for (uint32_t i = stack->n; i > 0; i--) {
		uint8_t flag = flags[stack_loc(*stack, i - 1)];
		if (!flag)
			found_user = true;
		else if (found_user)
			return flag & PRUNE_WHOLE ? i : i - 1;
	}
	return 0;
}

void profile_prune(struct profile *p, const struct regex *drop, const struct regex *keep)
{
	profile_own(p, PROFILE_PLACES);
	struct dropped d = {p, drop, keep, mem_zeroed(p->nstrings, 1)};
	uint8_t *flags = mem_zeroed(p->nlocations, 1), any = 0;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		flags[i] = prune_location(&d, &p->locations[i]);
		any |= flags[i];
	}
	if (any) {
		profile_own(p, PROFILE_SAMPLES);
		for (uint32_t i = 0; i < p->nsamples; i++) {
			struct stack stack = profile_stack(p, i);
			p->loc_begin[i] += pruned_begin(&stack, flags);
		}
	}
	free(flags);
	free(d.answers);
}

static struct err *compile_whole(struct arena *a, struct str pattern, struct regex **regex_out)
{
	struct str anchored = str_from(arena_printf(a, "^(%.*s)$", STR_FMT(pattern)));
	return err_wrap(a, regex_compile(a, anchored, regex_out), "failed to compile regexp %.*s",
			STR_FMT(pattern));
}

struct err *profile_remove_uninteresting(struct profile *p, struct arena *a)
{
	struct regex *drop = NULL, *keep = NULL;
	if (!p->drop_frames)
		return NULL;
	struct err *err = compile_whole(a, profile_str(p, p->drop_frames), &drop);
	if (!err && p->keep_frames)
		err = compile_whole(a, profile_str(p, p->keep_frames), &keep);
	if (!err)
		profile_prune(p, drop, keep);
	regex_free(drop);
	regex_free(keep);
	return err;
}

void profile_prune_from(struct profile *p, const struct regex *from)
{
	profile_own(p, PROFILE_PLACES);
	struct dropped d = {p, from, NULL, mem_zeroed(p->nstrings, 1)};
	uint8_t *flags = mem_zeroed(p->nlocations, 1), any = 0;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		struct location *l = &p->locations[i];
		uint32_t at = 0;
		while (at < l->nlines && !is_dropped(&d, &p->lines[l->line_begin + at]))
			at++;
		if (at == l->nlines)
			continue;
		any = flags[i] = PRUNE_BELOW;
		l->line_begin += at;
		l->nlines -= at;
	}
	if (any) {
		profile_own(p, PROFILE_SAMPLES);
		for (uint32_t i = 0; i < p->nsamples; i++) {
			struct stack stack = profile_stack(p, i);
			uint32_t at = 0;
			while (at < stack.n && !flags[stack_loc(stack, at)])
				at++;
			p->loc_begin[i] += at < stack.n ? at : 0;
		}
	}
	free(flags);
	free(d.answers);
}
