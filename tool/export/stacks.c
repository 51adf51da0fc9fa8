// SPDX-License-Identifier: MIT
// A hash table of samples by the nodes of their stacks. See stacks.h.
#include "tool/export/stacks.h"

#include "base/cancel.h"

// The hash of a node sequence is a polynomial in HASH_BASE, so what a location adds to it can be
// calculated once: h * factor + sum, however many lines it has.
#define HASH_BASE 0x9e3779b97f4a7c15u

struct step {
	uint64_t factor, sum;
};

static struct step location_step(const struct graph *g, uint32_t location)
{
	struct step s = {1, 0};
	uint32_t n;
	const uint32_t *nodes = graph_location_nodes(g, location, &n);
	for (uint32_t i = 0; i < n; i++) {
		s.factor *= HASH_BASE;
		s.sum = s.sum * HASH_BASE + nodes[i] + 1;
	}
	return s;
}

static uint64_t stack_hash(const struct step *steps, struct stack stack)
{
	uint64_t h = 1;
	for (uint32_t k = 0; k < stack.n; k++)
		h = h * steps[stack_loc(stack, k)].factor + steps[stack_loc(stack, k)].sum;
	h = (h ^ h >> 32) * HASH_BASE;
	return h ^ h >> 29;
}

// A walk over the nodes of a stack, however they fall into locations.
struct cursor {
	struct stack stack;
	uint32_t loc, line;
};

static uint32_t next_node(const struct graph *g, struct cursor *c)
{
	uint32_t n;
	if (c->loc == c->stack.n)
		return NO_INDEX;
	const uint32_t *nodes = graph_location_nodes(g, stack_loc(c->stack, c->loc), &n);
	uint32_t node = nodes[c->line++];
	if (c->line == n) {
		c->line = 0;
		c->loc++;
	}
	return node;
}

static bool stack_eq(const struct graph *g, struct stack a, struct stack b)
{
	if (a.n == b.n && memcmp(a.locs, b.locs, a.n * (a.is_narrow ? sizeof(*a.narrow_locs) : sizeof(*a.locs))) == 0)
		return true;
	struct cursor x = {a, 0, 0}, y = {b, 0, 0};
	for (;;) {
		uint32_t l = next_node(g, &x), r = next_node(g, &y);
		if (l != r)
			return false;
		if (l == NO_INDEX)
			return true;
	}
}

struct slot {
	uint32_t hash;
	uint32_t stack; // plus one
};

struct index {
	struct slot *slots;
	uint64_t mask;
	struct step *steps; // [nlocations]
};

static uint32_t find_or_add(struct stacks *s, struct index *index, uint32_t sample)
{
	const struct profile *p = s->g->profile;
	struct stack stack = profile_stack(p, sample);
	struct slot *slots = index->slots;
	uint64_t h = stack_hash(index->steps, stack), mask = index->mask, at = h & mask;
	for (; slots[at].stack; at = (at + 1) & mask) {
		uint32_t other = slots[at].stack - 1;
		if (slots[at].hash == (uint32_t)(h >> 32) &&
				stack_eq(s->g, stack, profile_stack(p, s->samples[other])))
			return other;
	}
	s->samples[s->n] = sample;
	slots[at] = (struct slot){(uint32_t)(h >> 32), ++s->n};
	return s->n - 1;
}

void stacks_create(struct profile *p, struct stacks *out)
{
	struct stacks *s = out;
	struct arena scratch = {0};
	struct index index = {.mask = 1023};
	while (index.mask < (uint64_t)p->nsamples * 2)
		index.mask = index.mask * 2 + 1;
	index.slots = arena_array(&scratch, struct slot, index.mask + 1);
	index.steps = arena_array(&scratch, struct step, p->nlocations);
	*s = (struct stacks){.g = graph_of_frames(p)};
	for (uint32_t i = 0; i < p->nlocations; i++)
		index.steps[i] = location_step(s->g, i);
	s->samples = arena_array(&s->arena, uint32_t, p->nsamples);
	s->values = arena_array(&s->arena, int64_t, (size_t)p->nsamples * p->nsample_types);
	for (uint32_t i = 0; i < p->nsamples && !cancelled(); i++) {
		if (!profile_stack(p, i).n)
			continue;
		uint32_t stack = find_or_add(s, &index, i);
		int64_t *sums = s->values + (size_t)stack * p->nsample_types;
		for (uint32_t k = 0; k < p->nsample_types; k++)
			sums[k] = wrap_add(sums[k], profile_values(p, i)[k]);
	}
	arena_deinit(&scratch);
}

void stacks_destroy(struct stacks *s)
{
	arena_deinit(&s->arena);
	graph_destroy(s->g);
}

uint32_t stacks_path(struct stacks *s, uint32_t stack, const uint32_t **path_out)
{
	struct stack st = profile_stack(s->g->profile, s->samples[stack]);
	uint32_t n = 0, at;
	for (struct cursor c = {st, 0, 0}; next_node(s->g, &c) != NO_INDEX;)
		n++;
	if (n > s->path_cap) {
		s->path_cap = n * 2;
		s->path = arena_array(&s->arena, uint32_t, s->path_cap);
	}
	at = n;
	for (struct cursor c = {st, 0, 0}; at > 0;)
		s->path[--at] = next_node(s->g, &c);
	*path_out = s->path;
	return n;
}
