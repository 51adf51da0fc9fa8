// SPDX-License-Identifier: MIT
// Callgrind takes functions of one file and name for the same. Where they are not (static functions of
// several binaries; the contexts of a call tree) each gets a number: "parse [2/3]".
#include "tool/report/formats.h"

#include <stdlib.h>

// A function: nodes that differ from it in line and address only are parts of it.
struct part {
	uint32_t node;
	uint32_t rank;   // of the node among the shown ones
	uint32_t parent; // caller in a call tree, else 0: there every context has functions of its own
	const struct node_info *info;
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_shown_name(const struct part *l, const struct part *r)
{
	int c = compare_u64(l->info->name, r->info->name);
	return c ? c : compare_u64(l->info->file, r->info->file);
}

// Where columns are all that tells two nodes of a function apart, pprof takes them for two functions.
static uint64_t own_column(const struct node_info *info)
{
	return info->address || info->line ? 0 : (uint64_t)info->column;
}

static int by_function(const struct part *l, const struct part *r)
{
	int c = by_shown_name(l, r);
	if (!c)
		c = compare_u64(l->info->objfile, r->info->objfile);
	if (!c)
		c = compare_u64((uint64_t)l->info->start_line, (uint64_t)r->info->start_line);
	if (!c)
		c = compare_u64(own_column(l->info), own_column(r->info));
	return c ? c : compare_u64(l->parent, r->parent);
}

static int by_function_and_rank(const void *a, const void *b)
{
	const struct part *l = a, *r = b;
	int c = by_function(l, r);
	return c ? c : compare_u64(l->rank, r->rank);
}

static int by_shown_name_and_first(const void *a, const void *b)
{
	const struct part *l = a, *r = b;
	int c = by_shown_name(l, r);
	return c ? c : compare_u64(l->rank, r->rank);
}

static strid numbered(struct profile *p, strid name, uint32_t number, uint32_t n)
{
	struct buf b = {0};
	buf_str(&b, profile_str(p, name));
	buf_printf(&b, " [%u/%u]", number, n);
	strid id = profile_intern(p, (struct str){b.ptr, b.len});
	buf_deinit(&b);
	return id;
}

// `functions` are those of one shown name, in order of appearance; each stands for all its parts.
static void number_functions(struct profile *p, const struct part *functions, uint32_t n,
		strid *names_by_rank)
{
	for (uint32_t i = 0; n > 1 && i < n; i++)
		names_by_rank[functions[i].rank] =
				numbered(p, functions[i].info->name, i + 1, n);
}

strid *callgrind_distinct_names(struct graph *g)
{
	struct arena scratch = {0};
	uint32_t n = g->nselected, nfirst = 0;
	struct part *parts = arena_array(&scratch, struct part, n);
	struct part *firsts = arena_array(&scratch, struct part, n); // of each function, its first part
	strid *by_rank = arena_array(&scratch, strid, n);
	strid *names = arena_array(&g->arena, strid, g->nnodes);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t node = g->selected[i];
		const struct node_info *info = &g->infos[g->nodes[node].info];
		parts[i] = (struct part){node, i, graph_caller(g, node), info};
	}
	qsort(parts, n, sizeof(parts[0]), by_function_and_rank);
	for (uint32_t i = 0; i < n; i++)
		if (!i || by_function(&parts[i - 1], &parts[i]))
			firsts[nfirst++] = parts[i];
	for (uint32_t i = 0; i < nfirst; i++)
		by_rank[firsts[i].rank] = firsts[i].info->name;
	qsort(firsts, nfirst, sizeof(firsts[0]), by_shown_name_and_first);
	for (uint32_t i = 0, end; i < nfirst; i = end) {
		for (end = i; end < nfirst && !by_shown_name(&firsts[i], &firsts[end]);)
			end++;
		number_functions(g->profile, firsts + i, end - i, by_rank);
	}
	strid name = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!i || by_function(&parts[i - 1], &parts[i]))
			name = by_rank[parts[i].rank];
		names[parts[i].node] = name;
	}
	arena_deinit(&scratch);
	return names;
}
