// SPDX-License-Identifier: MIT
// Profiles whose functions are letters, and what a graph has of them; for the tests of graphs.
#ifndef CPROF_TESTS_UNIT_LETTER_PROFILE_H
#define CPROF_TESTS_UNIT_LETTER_PROFILE_H

#include "tool/graph/graph.h"

#include "unit.h"

enum { MAX_FRAMES = 64 };

static struct profile *p;

static inline void begin_profile(void)
{
	p = profile_create();
	struct value_type cpu = {profile_intern(p, STR("cpu")), profile_intern(p, STR("ns"))};
	profile_set_sample_types(p, &cpu, 1);
}

static inline uint32_t function_named(char name)
{
	for (uint32_t i = 0; i < p->nfunctions; i++)
		if (profile_function_name(p, i).ptr[0] == name)
			return i;
	struct function f = {.id = p->nfunctions + 1, .name = profile_intern(p, (struct str){&name, 1})};
	return profile_add_function(p, f);
}

// "ab" is a location where b, inlined, was called by a.
static inline uint32_t location_of(const char *functions, size_t n)
{
	struct line lines[8];
	for (size_t i = 0; i < n; i++)
		lines[i] = (struct line){.function = function_named(functions[n - 1 - i])};
	struct location l = {.id = p->nlocations + 1, .mapping = NO_INDEX};
	return profile_add_location(p, l, lines, (uint32_t)n);
}

// A stack as "main;foo;bar", a letter a function, root first; letters without ';' between are inlined.
static inline void add_sample(const char *stack, int64_t value)
{
	uint32_t locs[MAX_FRAMES], n = 0;
	for (struct str rest = str_from(stack); rest.len;) {
		struct str frame = str_cut(&rest, ';');
		locs[n++] = location_of(frame.ptr, frame.len);
	}
	for (uint32_t i = 0; i < n / 2; i++) {
		uint32_t swap = locs[i];
		locs[i] = locs[n - 1 - i];
		locs[n - 1 - i] = swap;
	}
	profile_add_sample(p, locs, n, &value, 0);
}

static inline uint32_t node_named(struct graph *g, char name)
{
	for (uint32_t i = 0; i < g->nselected; i++) {
		struct str s = graph_node_name(g, g->selected[i]);
		if (s.len == 1 && s.ptr[0] == name)
			return g->selected[i];
	}
	return NO_INDEX;
}

static inline void check_node(struct graph *g, char name, int64_t flat, int64_t cum)
{
	uint32_t n = node_named(g, name);
	ck_assert_msg(n != NO_INDEX, "no node %c", name);
	ck_assert_int_eq(g->nodes[n].flat, flat);
	ck_assert_int_eq(g->nodes[n].cum, cum);
}

#endif
