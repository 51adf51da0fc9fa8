// SPDX-License-Identifier: MIT
// See stack_sort.h. A quicksort that looks at two frames of each stack at a time: those with equal ones are sorted by
// the two behind these.
#include "tool/graph/stack_sort.h"

#include <stdlib.h>

#include "base/mem.h"

struct entry {
	uint64_t frames; // two, each plus 1; 0 where the stack has ended
	uint32_t sample;
};

// Entries that are equal but for what is `depth` frames from the root, and further.
struct part {
	uint32_t begin, end, depth;
};

struct sorter {
	const struct profile *p;
	struct entry *entries;
	struct part *todo;
	uint32_t ntodo, todo_cap;
};

static uint64_t frames_at(const struct profile *p, uint32_t sample, uint32_t depth)
{
	struct stack s = profile_stack(p, sample);
	if (depth >= s.n)
		return 0;
	uint32_t at = s.n - 1 - depth;
	return ((uint64_t)stack_loc(s, at) + 1) << 32 | (at ? stack_loc(s, at - 1) + 1 : 0);
}

static void push(struct sorter *s, uint32_t begin, uint32_t end, uint32_t depth)
{
	if (end - begin < 2)
		return;
	s->todo = mem_grow(s->todo, &s->todo_cap, s->ntodo + 1, sizeof(*s->todo));
	s->todo[s->ntodo++] = (struct part){begin, end, depth};
}

static void push_deeper(struct sorter *s, uint32_t begin, uint32_t end, uint32_t depth)
{
	if (end - begin < 2 || !(uint32_t)s->entries[begin].frames)
		return; // one stack, or all have ended
	for (uint32_t i = begin; i < end; i++)
		s->entries[i].frames = frames_at(s->p, s->entries[i].sample, depth + 2);
	push(s, begin, end, depth + 2);
}

// Any of them; which one is not for a profile's maker to foresee.
static uint64_t pivot_of(const struct sorter *s, struct part part)
{
	uint64_t random = (part.begin * 0x9e3779b97f4a7c15u ^ part.end) * 0xbf58476d1ce4e5b9u;
	return s->entries[part.begin + (random >> 32) % (part.end - part.begin)].frames;
}

static void split(struct sorter *s, struct part part)
{
	struct entry *e = s->entries;
	uint64_t pivot = pivot_of(s, part);
	uint32_t less = part.begin, at = part.begin, more = part.end;
	while (at < more) {
		struct entry now = e[at];
		if (now.frames < pivot) {
			e[at++] = e[less];
			e[less++] = now;
		} else if (now.frames > pivot) {
			e[at] = e[--more];
			e[more] = now;
		} else {
			at++;
		}
	}
	push(s, part.begin, less, part.depth);
	push(s, more, part.end, part.depth);
	push_deeper(s, less, more, part.depth);
}

uint32_t stack_shared(const struct profile *p, uint32_t a, uint32_t b)
{
	struct stack x = profile_stack(p, a), y = profile_stack(p, b);
	uint32_t n = 0, max = x.n < y.n ? x.n : y.n;
	while (n < max && stack_loc(x, x.n - 1 - n) == stack_loc(y, y.n - 1 - n))
		n++;
	return n;
}

uint32_t *stack_sort(const struct profile *p, struct sample_range range, const atomic_bool *stop)
{
	uint32_t n = range.end - range.begin;
	struct sorter s = {.p = p, .entries = mem_resize(NULL, n, sizeof(*s.entries))};
	for (uint32_t i = 0; i < n; i++)
		s.entries[i] = (struct entry){frames_at(p, range.begin + i, 0), range.begin + i};
	push(&s, 0, n, 0);
	while (s.ntodo && !atomic_load_explicit(stop, memory_order_relaxed))
		split(&s, s.todo[--s.ntodo]);

	uint32_t *order = mem_resize(NULL, n, sizeof(*order));
	for (uint32_t i = 0; i < n; i++)
		order[i] = s.entries[i].sample;
	free(s.entries);
	free(s.todo);
	return order;
}
