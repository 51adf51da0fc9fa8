// SPDX-License-Identifier: MIT
// Many random stacks in a profile of letters, their pass cache, and what two graphs of them have in common: for the
// tests of stacks kept as nodes.
#ifndef CPROF_TESTS_UNIT_RANDOM_STACKS_H
#define CPROF_TESTS_UNIT_RANDOM_STACKS_H

#include <sched.h>

#include "tool/graph/pass_cache.h"

#include "letter_profile.h"

// Stacks with much in common, recursion, inlined functions; values that cancel out, or are zero.
static inline void add_random_samples(uint32_t n)
{
	static const char *const places[] = {"a", "b", "c", "ab", "bcd", "da", "e", "f"};
	struct value_type types[] = {{profile_intern(p, STR("n")), 0}, {profile_intern(p, STR("cpu")), 0}};
	profile_set_sample_types(p, types, 2);
	uint32_t locations[8], seed = 7;
	for (int i = 0; i < 8; i++)
		locations[i] = location_of(places[i], strlen(places[i]));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t locs[12], depth = i % 13;
		for (uint32_t k = 0; k < depth; k++) {
			seed = seed * 1664525 + 1013904223;
			locs[k] = locations[(seed >> 24) % (depth - k > 5 ? 2 : 8)];
		}
		profile_add_sample(p, locs, depth, (int64_t[]){i % 3, (int64_t)(seed >> 20 & 7) - 3}, 0);
	}
}

static inline void check_same(const struct graph *got, const struct graph *expected)
{
	ck_assert_uint_eq(got->nnodes, expected->nnodes);
	for (uint32_t i = 0; i < got->nnodes; i++) {
		ck_assert_int_eq(got->nodes[i].flat, expected->nodes[i].flat);
		ck_assert_int_eq(got->nodes[i].cum, expected->nodes[i].cum);
		ck_assert_int_eq(got->nodes[i].flat_div, expected->nodes[i].flat_div);
		ck_assert_int_eq(got->nodes[i].cum_div, expected->nodes[i].cum_div);
	}
	ck_assert_uint_eq(got->nedges, expected->nedges);
	for (uint32_t i = 0; i < got->nedges; i++) {
		const struct edge *e = &got->edges[i], *x = &expected->edges[i];
		ck_assert_uint_eq(e->src, x->src);
		ck_assert_uint_eq(e->dst, x->dst);
		ck_assert_int_eq(e->weight, x->weight);
		ck_assert_int_eq(e->weight_div, x->weight_div);
		ck_assert_int_eq(e->residual, x->residual);
		ck_assert_int_eq(e->is_inline, x->is_inline);
	}
}

// One of p that knows its stacks as nodes.
static inline struct pass_cache *cache_with_stacks(void)
{
	struct pass_cache *cache = pass_cache_create(p);
	struct profile *view = profile_view(p);
	view->pass_cache = cache;
	struct graph *frames = graph_create(view, &(struct graph_options){.value_index = 1}); // asks for them
	pass_cache_prepare(cache, NULL, NULL);
	while (!pass_cache_stacks(frames)) // being made; Check ends what never comes
		sched_yield();
	graph_destroy(frames);
	profile_destroy(view);
	return cache;
}

#endif
